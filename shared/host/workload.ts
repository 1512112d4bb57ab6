/** Being a workload: settings, log, secrets, and a clean end on SIGTERM. */
import { readSettings, type Settings } from "../config/read-settings.ts";
import type { SettingName } from "../config/settings.ts";
import { ConfigError } from "../core/errors.ts";
import { leaveInOrder } from "./leaving.ts";
import { createLog, type Log } from "./log.ts";
import { readSecret } from "./secrets.ts";
import { CallVerifier, type Verdict } from "./signature.ts";
import { textOf, type FunctionEvent } from "./handler.ts";

const BASE_SETTINGS = ["LOG_LEVEL", "secret_mount_path", "REPLICANT_INSECURE"] as const;

export interface Workload<K extends SettingName> {
  /** The name under which it is deployed. */
  readonly name: string;
  readonly settings: Settings<K>;
  readonly log: Log;
  /** Aborts when the process is asked to end. */
  readonly ending: AbortSignal;
  secret(name: string): string | null;
  /** The key calls are signed with; null when there is none. */
  readonly key: string | null;
  /** May this call change something? */
  mayChange(event: FunctionEvent): Verdict;
  /** The work that must wind down, after `ending` aborts, before anything is closed. */
  waitFor(loop: Promise<void>): void;
  /** Runs before the process ends, last registered first; each gets its turn even if another fails. */
  onEnd(close: () => Promise<void>): void;
}

/** Starts a workload from the process's environment. On a bad setting: says every problem and exits with 2. */
export function startWorkload<K extends SettingName>(
  name: string,
  names: readonly K[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Workload<K> {
  let settings: Settings<K | (typeof BASE_SETTINGS)[number]>;
  try {
    settings = readSettings(env, [...BASE_SETTINGS, ...names]);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const problem of thrown.problems) console.error(`${name}: ${problem}`);
    process.exit(2);
  }
  const log = createLog(name, settings.LOG_LEVEL);
  const secret = (secretName: string) => readSecret(settings.secret_mount_path, secretName);
  const key = secret("replicant-key");
  const verifier = key === null ? null : new CallVerifier(key);
  if (!verifier && settings.REPLICANT_INSECURE) log.warn({}, "no replicant-key: unsigned calls are accepted");

  const ending = new AbortController();
  const loops: Promise<void>[] = [];
  const closers: (() => Promise<void>)[] = [];
  let closed: Promise<void> | undefined;
  leaveInOrder(
    {
      async windDown() {
        ending.abort();
        await Promise.allSettled(loops);
      },
      close: () =>
        (closed ??= (async () => {
          for (const close of closers.reverse()) {
            await close().catch((thrown: unknown) => log.warn({ err: thrown }, "could not close cleanly"));
          }
        })()),
    },
    env,
  );

  return {
    name: env["OPENFAAS_NAME"] ?? name,
    settings,
    log,
    ending: ending.signal,
    secret,
    key,
    mayChange(event) {
      if (verifier) {
        const call = { headers: event.headers, body: textOf(event.body), functionName: env["OPENFAAS_NAME"] ?? name };
        return verifier.verify({ ...call, nowMs: Date.now() });
      }
      if (settings.REPLICANT_INSECURE) return { ok: true };
      return { ok: false, because: "this workload has no replicant-key secret, so it accepts no change" };
    },
    waitFor: (loop) => void loops.push(loop),
    onEnd: (close) => void closers.push(close),
  };
}
