/**
 * Leaving in order on SIGTERM, whoever runs us.
 *
 * A runtime of our own calls what it finds under `SHUTDOWN` and ends the process afterwards. The stock template knows nothing
 * of that and ends nobody, while the watchdog in front of it goes on sending calls for `healthcheck_interval`: there we go on
 * answering for that long, finish the calls in flight, and end the process ourselves.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { callsInFlight } from "./handler.ts";

/** Where a runtime finds what to await on SIGTERM before it ends the process. */
const SHUTDOWN = Symbol.for("replicant.shutdown");

/** Longer than a cluster takes to stop sending calls to a replica that leaves. */
const MAX_LINGER_MS = 5_000;
const POLL_MS = 20;
/** From the handler's answer to the last of its bytes. */
const FLUSH_MS = 250;

/** What a process has to end, in two steps. */
export interface Leaving {
  /** Ends what we do unasked; calls are still answered. */
  windDown(): Promise<void>;
  /** Closes what calls need. */
  close(): Promise<void>;
}

/** Installs the handler of SIGTERM; call it once a process. */
export function leaveInOrder(leaving: Leaving, env: Readonly<Record<string, string | undefined>>): void {
  let runtimeEndsUs = false;
  (globalThis as Record<symbol, unknown>)[SHUTDOWN] = async () => {
    runtimeEndsUs = true;
    await leaving.windDown();
    await leaving.close();
  };
  let left: Promise<void> | undefined;
  process.on("SIGTERM", () => void (left ??= leave()));

  async function leave(): Promise<void> {
    const until = sleep(lingerMs(env));
    await Promise.all([leaving.windDown(), nextTurn()]);
    // By now every listener of the signal has had its say.
    if (runtimeEndsUs) return;
    await until;
    while (callsInFlight() > 0) await sleep(POLL_MS);
    await Promise.all([leaving.close(), sleep(FLUSH_MS)]);
    process.exit(0);
  }
}

/** The watchdog's `healthcheck_interval`, else its `write_timeout`, in Go's notation or in seconds. */
export function lingerMs(env: Readonly<Record<string, string | undefined>>): number {
  const text = env["healthcheck_interval"] || env["write_timeout"] || "";
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, MAX_LINGER_MS);
  if (!/^([\d.]+(ms|s|m|h))+$/.test(text)) return MAX_LINGER_MS;
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/gy)];
  return Math.min(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0),
    MAX_LINGER_MS,
  );
}
