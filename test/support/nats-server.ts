/** Real NATS servers for tests, of every version that this machine has, and the built-in broker behind the same face. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { startBroker, type Broker } from "#services/local-openfaas/bus/broker.ts";
import { startNatsServer } from "#services/local-openfaas/bus/nats-server.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { findOnPath, type Running } from "#services/local-openfaas/bus/program.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";

export interface NatsProgram {
  readonly name: string;
  readonly program: string;
}

/** The newest one, from `.peers/`, and the system's own; `test/support/peers.mjs` gets them. */
export function natsPrograms(): readonly NatsProgram[] {
  const peers = join(import.meta.dirname, "../../.peers/bin");
  const today = join(peers, "nats-server");
  const elsewhere = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"].filter((folder) => folder !== peers);
  const programs = [findOnPath("nats-server", elsewhere.join(delimiter)), existsSync(today) ? today : null];
  return programs.flatMap((program) => {
    if (program === null) return [];
    const version = /v(\d+\.\d+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1];
    return [{ name: `nats-server ${version}`, program }];
  });
}

export interface TestServer {
  readonly url: string;
  readonly token: string;
  /** As a power cut ends a process. */
  kill(): Promise<void>;
  /** On the same port; `forgetful` without what it had stored. */
  restart(forgetful?: boolean): Promise<void>;
  /** Ends it and removes what it stored. */
  close(): Promise<void>;
}

const token = "a-token-for-tests-of-thirty-two-letters";
const authorization = `authorization { token: ${JSON.stringify(token)} }`;

/** With JetStream, as the local platform starts it, but with a token that opens everything. */
export async function testNatsServer(program: string): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-nats-"));
  const port = await freePort(null);
  // The server has a process group of its own: without this it would outlive a test run that is killed.
  const guardian = await startGuardian(() => {});
  const start = async () => {
    const started = await startNatsServer({ program, folder, port, authorization, log: () => {} });
    guardian.watch(started.pid);
    return started;
  };
  let server: Running = await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    token,
    async kill() {
      server.kill();
      await server.ended;
      guardian.release(server.pid);
    },
    async restart(forgetful = false) {
      if (forgetful) await rm(join(folder, "jetstream"), { recursive: true });
      server = await start();
    },
    async close() {
      await server.stop();
      guardian.release(server.pid);
      await guardian.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The broker in this process; `kill` breaks every connection without a word. */
export async function testBroker(): Promise<TestServer> {
  const port = await freePort(null);
  let broker: Broker = await startBroker({ port, token });
  return {
    url: `nats://127.0.0.1:${port}`,
    token,
    kill: () => broker.close(),
    async restart() {
      broker = await startBroker({ port, token });
    },
    close: () => broker.close(),
  };
}
