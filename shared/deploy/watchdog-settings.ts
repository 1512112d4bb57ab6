/** The settings that a function's `envVars` hold for its watchdog, with the node template's defaults. */
import { BadInputError } from "../core/errors.ts";
import { parseDurationMs } from "./durations.ts";

/** The longest timer Node can hold, about 24 days: what `exec_timeout: 0` (no limit) becomes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_EXEC_TIMEOUT_MS = 10_000;
const DEFAULT_GRACE_MS = 30_000;
const TEMPLATE_WRITE_MS = 15_000;

/** Watchdog settings of a function, from its `envVars`; defaults are those of the node template. */
export interface WatchdogLimits {
  /** 0 = unlimited. Per replica; over it → 429. */
  readonly maxInflight: number;
  /** → 504. */
  readonly execTimeoutMs: number;
}

/** The watchdog's limits, and how long it lets a replica drain. */
export interface WatchdogSettings extends WatchdogLimits {
  /**
   * How long a draining replica may finish its calls: the watchdog takes new ones for `healthcheck_interval` and then gives those
   * in flight a `write_timeout`; without an interval `write_timeout`, else 30 s.
   */
  readonly graceMs: number;
}

/** Throws `BadInputError` for a value that is not what the watchdog documents. */
export function watchdogSettings(envVars: Readonly<Record<string, string>> = {}): WatchdogSettings {
  const durationMs = (name: string) => {
    const text = envVars[name];
    return text === undefined || text === "" ? undefined : parseDurationMs(text, name);
  };
  const execTimeoutMs = durationMs("exec_timeout") ?? DEFAULT_EXEC_TIMEOUT_MS;
  const [intervalMs, writeTimeoutMs] = [durationMs("healthcheck_interval"), durationMs("write_timeout")];
  return {
    maxInflight: wholeNumber(envVars["max_inflight"], "max_inflight"),
    execTimeoutMs: execTimeoutMs === 0 ? LONGEST_TIMER_MS : Math.min(execTimeoutMs, LONGEST_TIMER_MS),
    graceMs:
      intervalMs === undefined
        ? (writeTimeoutMs ?? DEFAULT_GRACE_MS)
        : intervalMs + (writeTimeoutMs ?? TEMPLATE_WRITE_MS),
  };
}

function wholeNumber(text: string | undefined, name: string): number {
  if (text === undefined || text === "") return 0;
  if (/^\d+$/.test(text)) return Number(text);
  throw new BadInputError(`${name} must be a whole number of at least 0, was: '${text}'`);
}
