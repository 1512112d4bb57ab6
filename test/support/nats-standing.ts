/** A real NATS server with the users of the table that a test may kill, freeze, reload, and start again with or without its store. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { NatsBusOptions } from "#shared/adapters/nats/nats-bus.ts";
import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { BusLogin } from "#shared/events/bus-logins.ts";
import { askServer, freePort } from "#services/local-openfaas/bus/ports.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { eventually } from "./eventually.ts";
import { ALL_LOGINS, configurationFor, passwordOf } from "./nats-users.ts";

export interface StandingServer {
  readonly host: string;
  /** How one of the users gets on it. */
  as(name: string): Pick<NatsBusOptions, "servers" | "name" | "user" | "password">;
  kill(): Promise<void>;
  start(forgetful?: boolean): Promise<void>;
  /** SIGSTOP, SIGCONT, SIGHUP. */
  signal(signal: NodeJS.Signals): void;
  /** Other users than before, in force when it resolves. */
  reload(logins: readonly BusLogin[]): void;
}

/** `isSetUp`: somebody makes stream and buckets, again after each start, as on the platform. */
export async function standingServer(
  t: TestContext,
  program: string,
  { isSetUp = true }: { readonly isSetUp?: boolean } = {},
): Promise<StandingServer> {
  const folder = mkdtempSync(join(tmpdir(), "nats-standing-"));
  const store = join(folder, "store");
  const file = join(folder, "server.conf");
  const port = await freePort(null);
  const guardian = await startGuardian(() => {});
  let child: ChildProcess | null = null;

  function configure(logins: readonly BusLogin[]): void {
    const head = `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(store)}, max_file_store: 512MB }\n`;
    writeFileSync(file, head + configurationFor(logins));
  }
  async function start(forgetful = false): Promise<void> {
    if (forgetful) rmSync(store, { recursive: true, force: true });
    const started = spawn(program, ["-c", file], { stdio: "ignore" });
    child = started;
    guardian.watch(started.pid!);
    await eventually(async () => (await askServer(port, 500)) !== null, { what: "the server answers" });
  }
  async function kill(): Promise<void> {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await ended;
    guardian.release(ending.pid!);
  }
  const as = (name: string) => ({
    ...{ servers: `127.0.0.1:${port}`, name: "test", user: name, password: passwordOf(name) },
  });
  configure(ALL_LOGINS);
  await start();
  const setUp = isSetUp ? await setUpBus({ ...as("admin"), isOurServer: true }, systemClock, () => {}) : null;
  t.after(async () => {
    await setUp?.close();
    await kill();
    await guardian.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    host: `127.0.0.1:${port}`,
    as,
    kill,
    start,
    signal: (signal) => void child?.kill(signal),
    reload(logins) {
      configure(logins);
      child?.kill("SIGHUP");
    },
  };
}
