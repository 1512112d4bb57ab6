/** The real of-watchdog in front of a bundle, in http mode, as the template's image starts it. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { findOnPath } from "#services/local-openfaas/bus/program.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { eventually } from "./eventually.ts";

/** Null where it is not installed. */
export const watchdogProgram = findOnPath("fwatchdog", process.env["PATH"] ?? "");

/** It has no setting for this one, so that there can be one watchdog at a time. */
const METRICS_PORT = 8081;

export interface WatchdogOptions {
  /** The template's server: a file. */
  readonly index: string;
  /** Folder of the function: `handler.js` and what it needs. */
  readonly handler: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface Watchdog {
  readonly url: string;
  readonly metricsUrl: string;
  /** What watchdog and function said so far. */
  said(): string;
  terminate(): void;
  /** The watchdog's exit code. */
  readonly ended: Promise<number | null>;
}

/** Ends with the test. Its function may not listen yet. */
export async function startWatchdog(t: TestContext, options: WatchdogOptions): Promise<Watchdog> {
  const folder = mkdtempSync(join(tmpdir(), "watchdog-"));
  cpSync(options.handler, join(folder, "function"), { recursive: true });
  cpSync(options.index, join(folder, "index.js"));
  const secrets = join(folder, "secrets");
  mkdirSync(secrets);
  for (const [name, value] of Object.entries(options.secrets ?? {})) writeFileSync(join(secrets, name), value);
  const [port, functionPort] = [await freePort(null), await freePort(null)];
  await eventually(async () => (await freePort(METRICS_PORT)) === METRICS_PORT, {
    what: `port ${METRICS_PORT}, which of-watchdog cannot do without, is free`,
    timeoutMs: 30_000,
  });
  const guardian = await startGuardian(() => {});
  const child = spawn(watchdogProgram!, [], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      // Its lock file is in the folder for temporary files.
      ...{ PATH: process.env["PATH"], TMPDIR: folder, secret_mount_path: secrets },
      ...{ mode: "http", fprocess: `${process.execPath} index.js`, prefix_logs: "false" },
      ...{ port: String(port), http_port: String(functionPort), upstream_url: `http://127.0.0.1:${functionPort}` },
      ...{ exec_timeout: "10s", read_timeout: "15s", write_timeout: "15s", healthcheck_interval: "1s" },
      ...options.env,
    },
  });
  guardian.watch(child.pid!);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    await guardian.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${METRICS_PORT}/metrics`,
    said: () => said,
    terminate: () => void child.kill("SIGTERM"),
    ended,
  };
}
