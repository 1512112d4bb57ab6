/**
 * The bus of the local platform: the one that `NATS_URL` names; else `nats-server` where it is installed; else the built-in
 * broker. What we start ourselves is kept running on the same port with the same users, so that clients find it again.
 */
import { join } from "node:path";

import { authorizationBlock, permissionsText } from "#shared/adapters/nats/server-users.ts";
import { loginsOf, type BusPasswords } from "#shared/events/bus-logins.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { startBuiltIn } from "./built-in.ts";
import { recall, remember, type BusMemory } from "./memory-of-home.ts";
import { isServerOf, startNatsServer } from "./nats-server.ts";
import { freePort } from "./ports.ts";
import { findOnPath } from "./program.ts";
import { supervise, type Supervised, type SupervisorOptions } from "./supervisor.ts";

/** Where a bus is looked for, and kept. */
export interface LocalBusOptions {
  /** The bus keeps its things in `<home>/bus`. */
  readonly home: string;
  /** Folder of bundles: the broker is `<dist>/services/local-openfaas/broker.cjs`. */
  readonly dist: string;
  /** `NATS_URL`, `NATS_TOKEN`, `PATH`. Default: of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a program is, null when it is not installed. Default: along `PATH`. */
  readonly findProgram?: (name: string) => string | null;
  readonly guardian?: SupervisorOptions["guardian"];
  readonly log?: (line: string) => void;
}

/** A bus that answers. */
export interface LocalBus {
  readonly kind: "external" | "nats-server" | "built-in";
  /** `nats://127.0.0.1:port`; of an external bus what `NATS_URL` said, credentials included. */
  readonly url: string;
  /** Of an external bus: `NATS_TOKEN`, or null. */
  readonly token: string | null;
  /** Of a bus that is ours. */
  readonly passwords: BusPasswords | null;
  /** Of the process that we keep running; null for an external bus and between an end and a new start. */
  readonly pid: number | null;
  /** How often it had to be started again. */
  readonly restarts: number;
  /** One line for people, without secrets. */
  describe(): string;
  close(): Promise<void>;
}

const FIRST_TRIES = 3;
/** Of every subject on a bus of ours. */
const PREFIX = "replicant";

/** Rejects with one sentence when no bus can be had. */
export async function startBus(options: LocalBusOptions): Promise<LocalBus> {
  const { env = process.env, log = () => {} } = options;
  const findProgram = options.findProgram ?? ((name: string) => findOnPath(name, env["PATH"] ?? ""));
  if (env["NATS_URL"]) return externalBus(env["NATS_URL"], env["NATS_TOKEN"] || null);

  const folder = join(options.home, "bus");
  const memory = await recall(folder);
  const program = findProgram("nats-server");
  if (program !== null) {
    await endLostServer(folder, memory, log);
    try {
      return await ownServer(program, folder, memory, options, log);
    } catch (thrown) {
      log(`nats-server cannot be used (${messageOf(thrown)}); taking the built-in broker`);
    }
  }
  return ownBroker(join(options.dist, "services/local-openfaas/broker.cjs"), folder, memory, options, log);
}

function externalBus(url: string, token: string | null): LocalBus {
  const spoken = url.replaceAll(/\/\/[^/@,]*@/g, "//");
  return {
    ...{ kind: "external", url, token, passwords: null, pid: null, restarts: 0 },
    describe: () => `NATS at ${spoken} (from NATS_URL)`,
    close: async () => {},
  };
}

async function ownServer(
  program: string,
  folder: string,
  { passwords, port: formerPort }: BusMemory,
  { guardian }: LocalBusOptions,
  log: (line: string) => void,
): Promise<LocalBus> {
  const authorization = authorizationBlock(loginsOf(passwords), (user) => permissionsText(user, PREFIX));
  let version = "";
  let port = 0;
  const start = async () => {
    const server = await startNatsServer({ program, folder, port, authorization, log });
    version = server.version;
    await remember(folder, { passwords, port, pid: server.pid, ownerPid: process.pid });
    return server;
  };
  for (let attempt = 1; ; attempt++) {
    // Between our finding it free and the server's taking it, a port can be lost to another.
    port = await freePort(attempt === 1 ? formerPort : null);
    try {
      const supervised = await supervise({ name: "nats-server", start, log, guardian });
      return ownBus(
        "nats-server",
        port,
        passwords,
        supervised,
        () => `nats-server ${version}, events kept in ${folder}`,
      );
    } catch (thrown) {
      if (attempt === FIRST_TRIES || !/address already in use/i.test(messageOf(thrown))) throw thrown;
    }
  }
}

async function ownBroker(
  program: string,
  folder: string,
  { passwords, port: formerPort }: BusMemory,
  { guardian }: LocalBusOptions,
  log: (line: string) => void,
): Promise<LocalBus> {
  const users = { logins: loginsOf(passwords), prefix: PREFIX };
  let port = await freePort(formerPort);
  const start = async () => {
    const broker = await startBuiltIn({ program, port, users, log });
    port = broker.port;
    return broker;
  };
  const supervised = await supervise({ name: "the built-in broker", start, log, guardian });
  await remember(folder, { passwords, port, pid: null, ownerPid: null });
  return ownBus("built-in", port, passwords, supervised, () => "built-in broker, events not kept");
}

function ownBus(
  kind: LocalBus["kind"],
  port: number,
  passwords: BusPasswords,
  supervised: Supervised,
  what: () => string,
): LocalBus {
  const url = `nats://127.0.0.1:${port}`;
  return {
    ...{ kind, url, token: null, passwords },
    get pid() {
      return supervised.pid();
    },
    get restarts() {
      return supervised.restarts();
    },
    describe: () => `${what()}, at ${url}`,
    close: () => supervised.close(),
  };
}

/** Ends a server that outlived a process that was killed: two servers on one store would spoil it. */
async function endLostServer(folder: string, { pid, ownerPid }: BusMemory, log: (line: string) => void): Promise<void> {
  if (pid === null || !(await isServerOf(folder, pid))) return;
  if (ownerPid !== null && ownerPid !== process.pid && isAlive(ownerPid)) {
    throw new Error(`the bus in '${folder}' is in use by process ${ownerPid}`);
  }
  log(`ending nats-server ${pid}, left behind by process ${ownerPid ?? "unknown"}`);
  process.kill(pid, "SIGTERM");
  for (let waitedMs = 0; await isServerOf(folder, pid); waitedMs += 50) {
    if (waitedMs === 5_000) process.kill(pid, "SIGKILL");
    await systemClock.sleep(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
