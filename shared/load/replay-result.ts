/** What a replay came to: totals, latencies from both starting points, and whether it kept its schedule. */
import type { LoadReport, LoadWindow, ReplayTotals } from "#shared/core/load.ts";
import { type Quantiles, quantilesOf } from "./quantiles.ts";
import type { RequestColumns } from "./records.ts";
import type { CheckedOptions, ReplayOptions } from "./replay-options.ts";

/** What a replay came to. */
export interface ReplayResult {
  readonly runId: string;
  readonly functionName: string;
  readonly scheduleDigest: string;
  /** Wall clock. */
  readonly startedAtMs: number;
  /** Real time. */
  readonly elapsedMs: number;
  /** Ended on request before the schedule did. */
  readonly stopped: boolean;
  readonly totals: ReplayTotals;
  readonly windows: readonly LoadWindow[];
  /** Answered requests after the warm-up, seconds of trace time; null when there was none. */
  readonly latencySeconds: {
    /** End − intended: what a user waited, however late the request was sent. */
    readonly fromIntended: Quantiles | null;
    /** End − sent: what the function and its platform took. */
    readonly fromSent: Quantiles | null;
  };
  /** Sent − intended, real milliseconds; null when nothing was sent. */
  readonly latenessMs: Quantiles | null;
  /** How late this process's own timers were: distinguishes an overloaded generator from a slow platform. */
  readonly eventLoopDelayMs: Pick<Quantiles, "p50" | "p99" | "max">;
  readonly valid: boolean;
  readonly invalidBecause: string | null;
  readonly sloViolationShare: number | null;
}

/** Latencies, lateness and violations of a replay's measured phase; rows from `reached` on were never sent. */
export function summariseColumns(
  columns: RequestColumns,
  reached: number,
  { schedule, timeLapse, warmUpSeconds, sloSeconds }: CheckedOptions<Pick<ReplayOptions, "schedule">>,
): Pick<ReplayResult, "latencySeconds" | "latenessMs" | "sloViolationShare"> {
  const fromIntended: number[] = [];
  const fromSent: number[] = [];
  const lateness: number[] = [];
  let measured = 0;
  let withinSlo = 0;
  for (let seq = 0; seq < reached; seq++) {
    const offsetSeconds = schedule.offsetSeconds[seq]!;
    const intendedMs = (offsetSeconds * 1_000) / timeLapse;
    const sentMs = columns.sentMs[seq]!;
    if (!Number.isNaN(sentMs)) lateness.push(sentMs - intendedMs);
    if (offsetSeconds < warmUpSeconds) continue;
    measured++;
    const endMs = columns.endMs[seq]!;
    if (Number.isNaN(endMs)) continue;
    const seconds = ((endMs - intendedMs) * timeLapse) / 1_000;
    fromIntended.push(seconds);
    fromSent.push(((endMs - sentMs) * timeLapse) / 1_000);
    if (columns.outcome(seq) === "ok" && sloSeconds !== null && seconds <= sloSeconds) withinSlo++;
  }
  return {
    latencySeconds: { fromIntended: quantilesOf(fromIntended), fromSent: quantilesOf(fromSent) },
    latenessMs: quantilesOf(lateness),
    sloViolationShare: sloSeconds === null || measured === 0 ? null : 1 - withinSlo / measured,
  };
}

/** The result as the event that ends a run. */
export function finishedReport(result: Omit<ReplayResult, "windows">): LoadReport {
  const { runId, functionName, scheduleDigest, totals, valid, invalidBecause, sloViolationShare } = result;
  const common = { runId, functionName, scheduleDigest, totals, valid, invalidBecause, sloViolationShare };
  return { ...common, phase: "finished", window: null };
}
