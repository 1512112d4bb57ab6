/** How long a call may take: the function's `exec_timeout`, which the caller's `X-Timeout` may shorten, within the gateway's own limit. */
import { parseDurationMs } from "#shared/deploy/durations.ts";

/** The nearest limit of a call. */
export interface CallDeadline {
  readonly ms: number;
  /** Whose limit is the nearest: the watchdog's ends in 504, the gateway's in whatever it says of a replica that cannot be reached. */
  readonly of: "watchdog" | "gateway";
  /** The limit by name, for people. */
  readonly limit: string;
}

/** `execTimeoutMs` is the function's own limit, 0 for none; `upstreamTimeoutMs` is the gateway's. */
export function callDeadline(
  rawHeaders: readonly string[],
  execTimeoutMs: number,
  upstreamTimeoutMs: number,
): CallDeadline {
  const askedMs = askedTimeoutMs(rawHeaders);
  const isShorter = askedMs !== null && (execTimeoutMs === 0 || askedMs < execTimeoutMs);
  const ms = isShorter ? askedMs : execTimeoutMs;
  if (ms > 0 && ms <= upstreamTimeoutMs) return { ms, of: "watchdog", limit: isShorter ? "X-Timeout" : "exec_timeout" };
  return { ms: upstreamTimeoutMs, of: "gateway", limit: "the gateway's upstream_timeout" };
}

const HEADER = "x-timeout";

/** Null without the header, and for one that says nothing: a duration that cannot be read, or none at all. */
function askedTimeoutMs(raw: readonly string[]): number | null {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== HEADER.length || raw[i]!.toLowerCase() !== HEADER) continue;
    try {
      return parseDurationMs(raw[i + 1]!, HEADER) || null;
    } catch {
      return null;
    }
  }
  return null;
}
