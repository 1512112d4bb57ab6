/** HTTP as bytes, for what `fetch` would smooth over: raw headers, broken uploads, half-read answers. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { eventually } from "./eventually.ts";

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Resolves when what was received matches. */
  until(pattern: RegExp): Promise<string>;
}

export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return {
    socket,
    text: () => received,
    until: async (pattern) => {
      await eventually(() => pattern.test(received) || socket.destroyed, { what: `an answer like ${pattern}` });
      if (!pattern.test(received)) throw new Error(`the connection ended before ${pattern}: ${received}`);
      return received;
    },
  };
}
