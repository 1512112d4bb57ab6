/**
 * The built-in broker: core NATS over TCP (publish, subscribe, wildcards, queues, requests, headers), for machines without
 * `nats-server`. It stores nothing: a message without a subscriber is lost.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket, type AddressInfo } from "node:net";

import { admits, type Admission } from "./admission.ts";
import { attend } from "./attend.ts";
import { DEFAULT_LIMITS, type BrokerLimits } from "./limits.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { ClientWorld } from "./client.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** What a broker runs with. */
export interface BrokerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What clients must show as `auth_token`; null lets everyone in. Not looked at where there are `users`. */
  readonly token?: string | null;
  /** Who may come in, each with their own rights. */
  readonly users?: Omit<Extract<Admission, { by: "users" }>, "by"> | undefined;
  readonly limits?: Partial<BrokerLimits>;
  /** Chance in [0, 1), chooses the member of a queue. Default `Math.random`. */
  readonly random?: () => number;
  readonly log?: (line: string) => void;
}

/** A broker that listens. */
export interface Broker {
  readonly port: number;
  /** Clients that have logged in. */
  connections(): number;
  /** Sockets that have not. */
  waiting(): number;
  close(): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { host = "127.0.0.1", port, random = Math.random, log = () => {} } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const admission = admissionOf(options);
  const world: ClientWorld = { limits, subscriptions: new Subscriptions(random), admits: admits(admission) };
  const serverId = randomBytes(12).toString("hex").toUpperCase();
  /** Clients by what ends them. */
  const waiting = new WaitingRoom<() => void>(limits.maxWaiting);
  const inside = new Map<() => void, string>();
  const sockets = new Set<Socket>();
  let clients = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    const address = socket.remoteAddress ?? "gone";
    const info = {
      server_id: serverId,
      server_name: "replicant",
      version: "2.9.0", // The protocol level that is spoken, which is what clients read it for.
      proto: 1,
      host,
      port: portOf(server),
      headers: true,
      jetstream: false,
      auth_required: admission.by !== "open",
      max_payload: limits.maxPayloadBytes,
      client_id: ++clients,
      client_ip: address,
    };
    sockets.add(socket);
    const end = attend(socket, world, log, (name) => {
      waiting.leave(address, end);
      return welcome(end, name);
    });
    socket.on("close", () => {
      sockets.delete(socket);
      waiting.leave(address, end);
      inside.delete(end);
    });
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    waiting.enter(address, end)?.();
  });
  server.listen(port, host);
  await once(server, "listening");

  /** Null, or why there is no room for one more. */
  function welcome(end: () => void, name: string): string | null {
    const same = [...inside.values()].filter((one) => one === name).length;
    if (inside.size >= limits.maxConnections || (admission.by === "users" && same >= limits.maxConnectionsPerUser)) {
      return "Maximum Connections Exceeded";
    }
    inside.set(end, name);
    return null;
  }

  return {
    port: portOf(server),
    connections: () => inside.size,
    waiting: () => waiting.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function admissionOf({ token = null, users }: BrokerOptions): Admission {
  if (users) return { by: "users", ...users };
  return token === null ? { by: "open" } : { by: "token", token };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
