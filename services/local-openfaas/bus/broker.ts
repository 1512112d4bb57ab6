/**
 * The built-in broker: core NATS over TCP (publish, subscribe, wildcards, queues, requests, headers), for machines without
 * `nats-server`. It keeps nothing: what nobody hears is gone.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

import { BrokerClient, type ClientWorld } from "./client.ts";
import { ProtocolViolation } from "./command.ts";
import { DEFAULT_LIMITS, type BrokerLimits } from "./limits.ts";
import { CommandParser } from "./protocol.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface BrokerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What clients must show as `auth_token`; null lets everyone in. */
  readonly token: string | null;
  readonly limits?: Partial<BrokerLimits>;
  /** Chance in [0, 1), chooses the member of a queue. Default `Math.random`. */
  readonly random?: () => number;
  readonly log?: (line: string) => void;
}

export interface Broker {
  readonly port: number;
  /** Clients connected now. */
  connections(): number;
  close(): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { host = "127.0.0.1", port, token, random = Math.random, log = () => {} } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const world: ClientWorld = { limits, subscriptions: new Subscriptions(random), admits: admission(token) };
  const serverId = randomBytes(12).toString("hex").toUpperCase();
  const sockets = new Set<Socket>();
  let clients = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    const info = {
      server_id: serverId,
      server_name: "replicant",
      version: "2.9.0", // The protocol level that is spoken, which is what clients read it for.
      proto: 1,
      host,
      port: portOf(server),
      headers: true,
      jetstream: false,
      auth_required: token !== null,
      max_payload: limits.maxPayloadBytes,
      client_id: ++clients,
      client_ip: socket.remoteAddress,
    };
    if (sockets.size >= limits.maxConnections) return socket.end("-ERR 'Maximum Connections Exceeded'\r\n");
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    attend(socket, world, log);
  });
  await listening(server, host, port);

  return {
    port: portOf(server),
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Joins a socket and a client until one of them ends. */
function attend(socket: Socket, world: ClientWorld, log: (line: string) => void): void {
  const { limits } = world;
  const client = new BrokerClient(world, { send });
  const parser = new CommandParser(limits);
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
}

/** Compares digests, so that neither the time nor the length tells anything of the token. */
function admission(token: string | null): ClientWorld["admits"] {
  if (token === null) return () => true;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = digest(token);
  return (options) => {
    const shown = options["auth_token"];
    return timingSafeEqual(digest(typeof shown === "string" ? shown : ""), wanted) && typeof shown === "string";
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
