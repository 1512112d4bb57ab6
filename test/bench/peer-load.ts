/** A closed-loop load client on bare sockets, so that it takes as little of the machine as it can. */
import { connect, type Socket } from "node:net";

/** One round: so many kept connections, each sending its next request when the last is answered. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly bodyBytes: number;
  readonly connections: number;
  readonly ms: number;
}

export interface LoadResult {
  readonly answered: number;
  readonly not200: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

process.on("message", (order: LoadOrder) => {
  void runRound(order).then((result) => process.send!(result));
});
process.send!({ port: 0 });

async function runRound({ port, path, method, bodyBytes, connections, ms }: LoadOrder): Promise<LoadResult> {
  const request = Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n` +
      (method === "POST" ? `Content-Type: text/plain\r\nContent-Length: ${bodyBytes}\r\n` : "") +
      `\r\n${method === "POST" ? "x".repeat(bodyBytes) : ""}`,
  );
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)));
  const latenciesMs: number[] = [];
  let not200 = 0;
  const startedAtMs = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sentAtMs = 0;
          const send = () => {
            sentAtMs = performance.now();
            socket.write(request);
          };
          let received = "";
          socket.on("data", (chunk) => {
            received += chunk.toString("latin1");
            if (!isWhole(received)) return;
            if (!received.startsWith("HTTP/1.1 200")) not200++;
            received = "";
            const nowMs = performance.now();
            latenciesMs.push(nowMs - sentAtMs);
            if (nowMs - startedAtMs < ms) send();
            else resolve();
          });
          socket.on("error", reject);
          socket.on("close", () => reject(new Error("the connection was closed during a round")));
          send();
        }),
    ),
  );
  const seconds = (performance.now() - startedAtMs) / 1000;
  for (const socket of sockets) socket.removeAllListeners("close").destroy();
  latenciesMs.sort((a, b) => a - b);
  const at = (ratio: number) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(ratio * latenciesMs.length))]!;
  return { answered: latenciesMs.length, not200, seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** True when head and body of one answer are there. */
function isWhole(received: string): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1];
  if (length !== undefined) return received.length >= end + 4 + Number(length);
  return received.endsWith("\r\n0\r\n\r\n");
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => resolve(socket));
    socket.on("error", reject);
  });
}
