/** Joins a socket and a client of the broker until one of them ends. */
import type { Socket } from "node:net";

import { BrokerClient, type ClientWorld } from "./client.ts";
import { ProtocolViolation } from "./command.ts";
import { CommandParser } from "./protocol.ts";

/**
 * `onLogin` is called once, with the client's name; what it answers ends the connection. What this returns ends it without
 * another word: a crowd of strangers is not written to.
 */
export function attend(
  socket: Socket,
  world: ClientWorld,
  log: (line: string) => void,
  onLogin: (name: string) => string | null,
): () => void {
  const { limits } = world;
  const client = new BrokerClient(world, { send, onLogin });
  const parser = new CommandParser(limits, client);
  const patience = setTimeout(() => client.admitted || cut("Authentication Timeout"), limits.authTimeoutMs);
  const pulse = setInterval(() => client.ping() || cut("Stale Connection"), limits.pingIntervalMs);
  let gone = false;
  let corked = false;

  function send(...parts: readonly (string | Buffer)[]): void {
    if (gone) return;
    if (!corked) {
      // What one turn of the event loop says goes out in one piece.
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    for (const part of parts) socket.write(part);
    if (socket.writableLength > limits.maxUnreadBytes) cut("Slow Consumer");
  }

  function leave(): void {
    gone = true;
    clearTimeout(patience);
    clearInterval(pulse);
    client.leave();
  }

  function cut(why: string): void {
    if (gone) return;
    log(`client ${socket.remoteAddress}:${socket.remotePort} cut: ${why}`);
    leave();
    if (socket.writableLength > limits.maxUnreadBytes) return void socket.destroy();
    socket.end(`-ERR '${why}'\r\n`);
    // A client that does not read would keep its socket, and what was written to it, for ever.
    const end = setTimeout(() => socket.destroy(), 1_000);
    socket.once("close", () => clearTimeout(end));
  }

  socket.on("data", (chunk: Buffer) => {
    if (gone) return;
    try {
      parser.push(chunk, (command) => {
        if (!gone) client.obey(command);
      });
    } catch (thrown) {
      if (!(thrown instanceof ProtocolViolation)) throw thrown;
      cut(thrown.message);
    }
  });
  socket.on("error", () => {}); // "close" follows.
  socket.on("close", leave);
  return () => {
    leave();
    socket.destroy();
  };
}
