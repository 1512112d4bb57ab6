/** A small HTTP server to send load to, which remembers what it was sent. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Target {
  readonly url: string;
  /** Bodies in the order of arrival. */
  readonly bodies: string[];
  /** Highest number of requests inside at one time. */
  maxInside(): number;
  close(): Promise<void>;
}

/** Listens on a free port of the loopback; `answer` is called when a request has been read. */
export async function startTarget(
  answer: (response: ServerResponse, seq: number, request: IncomingMessage) => void,
): Promise<Target> {
  const bodies: string[] = [];
  let inside = 0;
  let maxInside = 0;
  const server = createServer((request, response) => {
    maxInside = Math.max(maxInside, ++inside);
    response.on("close", () => inside--);
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => answer(response, bodies.push(body) - 1, request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/function/stress`,
    bodies,
    maxInside: () => maxInside,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
