/** Which share of requests broke the SLO: counted, or estimated from a window's quantiles. */
import { failuresOf, type LatencyQuantiles, type MetricsWindow } from "../core/window.ts";

/** Late or failed ÷ ended, of requests that were counted one by one; 0 when none ended. */
export function countedViolationShare({
  ok,
  failed,
  late,
}: {
  readonly ok: number;
  readonly failed: number;
  /** Among `ok`. */
  readonly late: number;
}): number {
  const ended = ok + failed;
  return ended === 0 ? 0 : (late + failed) / ended;
}

/** Failed ÷ ended, and of the rest those later than the SLO; 0 when none ended. */
export function violationShare({ completedOk, completedError, latencySeconds }: MetricsWindow, sloSeconds: number) {
  if (completedOk === null || completedError === null) return 0;
  const failed = failuresOf(completedError);
  const ended = completedOk + failed;
  return ended === 0 ? 0 : (failed + completedOk * lateShare(latencySeconds, sloSeconds)) / ended;
}

/** 1 − F(SLO), F being straight between the quantiles that were measured; beyond the last it falls as 1 ÷ latency. */
export function lateShare({ p50, p95, p99 }: LatencyQuantiles, sloSeconds: number): number {
  const known = [
    { above: 1, at: 0 },
    { above: 0.5, at: p50 },
    { above: 0.05, at: p95 },
    { above: 0.01, at: p99 },
  ].filter((point): point is { above: number; at: number } => point.at !== null);
  if (known.length === 1) return 0;
  for (let i = 1; i < known.length; i++) {
    const [before, after] = [known[i - 1]!, known[i]!];
    if (after.at < sloSeconds) continue;
    const share = after.at > before.at ? (sloSeconds - before.at) / (after.at - before.at) : 1;
    return before.above + (after.above - before.above) * share;
  }
  const last = known.at(-1)!;
  return Math.max(0, 2 * ((last.above * last.at) / sloSeconds) - last.above);
}
