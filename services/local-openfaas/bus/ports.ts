/** Loopback ports: finding a free one, and checking whether a NATS server answers there. */
import { randomInt } from "node:crypto";
import { connect, createServer, type AddressInfo } from "node:net";

/**
 * Below the range from which systems serve "any port" (from 32,768 or 49,152 on): a port of these is not given to
 * a connection or server of somebody else between this look and its use.
 */
const UNSERVED_PORTS = { from: 20_000, below: 30_000 };

/** `preferred` when it is free, else any free port. */
export async function freePort(preferred: number | null): Promise<number> {
  const found = preferred === null ? null : await tryPort(preferred);
  if (found !== null) return found;
  for (let attempt = 1; attempt <= 10; attempt++) {
    const port = await tryPort(randomInt(UNSERVED_PORTS.from, UNSERVED_PORTS.below));
    if (port !== null) return port;
  }
  return (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen(port, "127.0.0.1", () => {
      const chosen = (server.address() as AddressInfo).port;
      server.close(() => resolve(chosen));
    });
  });
}

/** What is read of a server's first line. */
export interface ServerInfo {
  readonly version: string;
  readonly jetstream: boolean;
}

/** What a NATS server says first, or null when nobody (or somebody else) answers. */
export function askServer(port: number, timeoutMs: number): Promise<ServerInfo | null> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const end = (info: ServerInfo | null) => {
      socket.destroy();
      resolve(info);
    };
    socket.setTimeout(timeoutMs, () => end(null));
    socket.once("error", () => end(null));
    socket.once("end", () => end(null));
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8");
      const line = /^INFO (\{.*\})\s*\n/.exec(text)?.[1];
      if (line !== undefined) end(readInfo(line));
      else if (text.length > 8_192 || text.includes("\n")) end(null);
    });
  });
}

function readInfo(json: string): ServerInfo | null {
  try {
    const info = JSON.parse(json) as Record<string, unknown>;
    return {
      version: typeof info["version"] === "string" ? info["version"] : "",
      jetstream: info["jetstream"] === true,
    };
  } catch {
    return null;
  }
}
