/** The connection to NATS: waits for the first, then keeps it for ever. */
import { setMaxListeners } from "node:events";

import { connect, errors, type NatsConnection } from "@nats-io/transport-node";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { BusUnavailableError, type BusState } from "../../ports/event-bus.ts";
import type { BusLog } from "../event-delivery.ts";
import { inboxOf } from "../../events/bus-permissions.ts";
import { userOf, type BusUser } from "../../events/bus-users.ts";
import { identityOf, isTlsTrouble, proofOf, tlsOf, type BusCredentials, type Identity } from "./credentials.ts";
import { parseServers } from "./servers.ts";

/** Where the server is, and how this client logs in and is named. */
export interface ConnectionOptions extends BusCredentials {
  /** `nats://[token@|user:password@]host:port`, several parted by commas or as a list. */
  readonly servers: string | readonly string[];
  /** Who this is, in the server's list of connections. */
  readonly name: string;
  /** How long to wait for the first connection. Default: for ever. */
  readonly connectTimeoutMs?: number | undefined;
}

/** A connection, and the bucket that it is for. */
export interface BucketAddress extends ConnectionOptions {
  /** `replicant-lease` for the store `lease` under the prefix `replicant`. */
  readonly bucket: string;
}

/** The server is there and does not want us; waiting does not help. */
export class BusRefusedError extends Error {
  override readonly name = "BusRefusedError";
}

/** One connection to a NATS server, which reconnects by itself until it is closed. */
export interface Connection {
  readonly nc: NatsConnection;
  /** The address for people, without credentials. */
  readonly spoken: string;
  state(): BusState;
  /** Who we are to the server, as of now; null where it asks nobody. */
  identity(): Identity | null;
  /** Whose rights we have, of the table of users; null where the server is somebody else's and has its own. */
  readonly user: BusUser | null;
  /** Resolves with true when connected, with false after `timeoutMs` or when closed. */
  connected(timeoutMs: number): Promise<boolean>;
  /** Settles as `work` does; rejects when the present connection is lost before that. */
  unlessLost<T>(work: Promise<T>): Promise<T>;
  onReconnect(listener: () => void): void;
  /** Says goodbye in order where the server answers, and closes in any case. */
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 250;
/** One attempt to connect; shorter where less time is left. */
const ATTEMPT_MS = 5_000;
const MIN_ATTEMPT_MS = 100;
const FAREWELL_MS = 2_000;

/** Resolves when connected. Rejects with `BusRefusedError` when refused, `BusUnavailableError` when the time is over. */
export async function openConnection(options: ConnectionOptions, clock: Clock, log: BusLog): Promise<Connection> {
  const servers = parseServers(options.servers);
  const nc = await firstConnection(options, servers, clock, log);
  const events = new EventTarget();
  setMaxListeners(0, events); // Two for each that waits to be connected.
  /** What would be lost with the present connection. */
  const underWay = new Set<(lost: Error) => void>();
  let state: BusState = "connected";
  let identity = identityOf(options, servers);

  const become = (next: BusState) => {
    state = next;
    if (next !== "connected") for (const giveUp of underWay) giveUp(new Error("the connection broke"));
    events.dispatchEvent(new Event(next));
  };
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === "disconnect" && state === "connected") {
        log(`lost the bus at ${servers.spoken}; reconnecting`);
        become("reconnecting");
      } else if (status.type === "reconnect") {
        log(`back on the bus at ${servers.spoken}`);
        identity = presentIdentity(options, servers) ?? identity;
        become("connected");
      } else if (status.type === "error") {
        log(`the bus at ${servers.spoken} says: ${status.error.message}`);
      }
    }
  })();
  void nc.closed().then(() => become("closed"));

  const first = (kinds: readonly BusState[], signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      for (const kind of kinds) events.addEventListener(kind, () => resolve(), { once: true, signal });
    });

  return {
    nc,
    spoken: servers.spoken,
    state: () => state,
    identity: () => identity,
    user: userOf(identity?.name ?? ""),
    async connected(timeoutMs) {
      if (state !== "reconnecting") return state === "connected";
      const done = new AbortController();
      await Promise.race([first(["connected", "closed"], done.signal), clock.sleep(timeoutMs, done.signal)]);
      done.abort();
      return (state as BusState) === "connected";
    },
    unlessLost: (work) =>
      new Promise((resolve, reject) => {
        if (state !== "connected") reject(new Error("the connection broke"));
        else underWay.add(reject);
        void work.then(resolve, reject).finally(() => underWay.delete(reject));
      }),
    onReconnect: (listener) => events.addEventListener("connected", listener),
    async close() {
      if (nc.isClosed()) return;
      const done = new AbortController();
      if (state === "connected") {
        await Promise.race([nc.drain().catch(() => {}), clock.sleep(FAREWELL_MS, done.signal)]);
        done.abort();
      }
      await nc.close();
    },
  };
}

/** Null where the secret cannot be read at the moment. */
function presentIdentity(options: ConnectionOptions, servers: ReturnType<typeof parseServers>): Identity | null {
  try {
    return identityOf(options.again?.() ?? options, servers);
  } catch {
    return null;
  }
}

/** Not the client's own `waitOnFirstConnect`, which can be neither bounded nor distinguished from a refusal. */
async function firstConnection(
  options: ConnectionOptions,
  servers: ReturnType<typeof parseServers>,
  clock: Clock,
  log: BusLog,
): Promise<NatsConnection> {
  const { connectTimeoutMs = Infinity } = options;
  const proof = proofOf(options, servers);
  const tls = tlsOf(options, servers);
  const user = userOf(identityOf(options, servers)?.name ?? "");
  const untilMs = clock.nowMs() + connectTimeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect({
        servers: [...servers.addresses],
        name: options.name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        reconnectJitter: 100,
        pingInterval: 10_000,
        // A stack for each request that might fail costs more than the request.
        noAsyncTraces: true,
        // A server that comes back may not know us for a moment; to close for ever would need a restart of this process.
        ignoreAuthErrorAbort: true,
        timeout: Math.max(MIN_ATTEMPT_MS, Math.min(ATTEMPT_MS, untilMs - clock.nowMs())),
        ...proof,
        // Of a user of the table only this one is let through, and nobody else may listen there.
        ...(user && { inboxPrefix: inboxOf(user) }),
        ...(tls && { tls }),
      });
    } catch (thrown) {
      if (thrown instanceof errors.AuthorizationError) {
        throw new BusRefusedError(`the bus at ${servers.spoken} refused the credentials: ${thrown.message}`, {
          cause: thrown,
        });
      }
      if (isTlsTrouble(thrown)) {
        throw new BusRefusedError(`no encrypted connection to the bus at ${servers.spoken}: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      }
      if (clock.nowMs() + FIRST_RETRY_MS > untilMs) {
        throw new BusUnavailableError(
          `no bus answered at ${servers.spoken} within ${connectTimeoutMs} ms: ${messageOf(thrown)}`,
          { cause: thrown },
        );
      }
      if (attempt === 1) log(`waiting for the bus at ${servers.spoken}: ${messageOf(thrown)}`);
      await clock.sleep(FIRST_RETRY_MS);
    }
  }
}
