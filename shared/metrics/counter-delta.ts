/** The exact increase of a counter between two scraped instants: no extrapolation, nothing lost between windows. */
import type { Series } from "./series.ts";

/** The span, and how long before an edge the scrape that counts for it may lie. */
export interface ExactSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly edgeToleranceMs: number;
}

/**
 * `unborn`: no scrape had it yet; `gone`: its process ended, and no other counted under its name; `unknown`: the source answered,
 * and what it said of this one was missing or of no use.
 */
type Edge = "unborn" | "gone" | "unknown" | "known";

/**
 * `counterDelta` where both edges are known. Null where there is nothing to count, `unknown` where there is but
 * the gain is not known: a counter that was missed at an edge is not a counter that did not move.
 */
export function knownDelta(series: Series, span: ExactSpan): number | null | "unknown" {
  const { fromMs, toMs, edgeToleranceMs } = span;
  const [from, to] = [edgeOf(series, fromMs, edgeToleranceMs), edgeOf(series, toMs, edgeToleranceMs)];
  if (to === "unborn") return null;
  if (to === "unknown" || from === "unknown") return "unknown";
  // It counted in this span, and how much at last went down with its process.
  if (to === "gone") return from === "known" || hasSampleIn(series, fromMs, toMs) ? "unknown" : null;
  return counterDelta(series, fromMs, toMs);
}

function edgeOf(series: Series, edgeMs: number, toleranceMs: number): Edge {
  const newest = series.indexAt(edgeMs);
  if (newest < 0) return "unborn";
  let i = newest;
  while (i >= 0 && series.mark(i) === "unreachable") i--;
  // An old mark is from before the endpoint stopped answering; whether a scrape in time would have had it is the caller's to know.
  if (i < 0 || (i < newest && series.timeMs(i) < edgeMs - toleranceMs)) return "unknown";
  return series.mark(i) === "vanished" ? "gone" : "known";
}

function hasSampleIn(series: Series, fromMs: number, toMs: number): boolean {
  for (let i = series.indexAt(toMs); i >= 0 && series.timeMs(i) > fromMs; i--) if (series.isSample(i)) return true;
  return false;
}

/**
 * What the counter gained from its newest entry at or before `fromMs` to its newest at or before `toMs`, so that the deltas of
 * windows laid end to end add up to the whole. The caller has seen to it that the source was scraped at both edges: a series
 * that was not there at `fromMs` began from zero since. A value below the one before it is a reset to zero, and so is a return
 * after the source had answered without the series (a source that did not answer proves nothing). Over a new base what it gained is unknown. Null for a series without
 * an entry at or before `toMs`.
 */
export function counterDelta(series: Series, fromMs: number, toMs: number): number | null | "unknown" {
  const end = series.indexAt(toMs);
  if (end < 0) return null;
  let gained = 0;
  let before = 0;
  let i = series.indexAt(fromMs);
  // A mark at the edge: the source was down there, or the series gone. What was last known, if anything, decides.
  while (i >= 0 && series.mark(i) === "unreachable") i--;
  if (i >= 0 && series.isSample(i)) before = series.value(i);
  for (i++; i <= end; i++) {
    const mark = series.mark(i);
    if (mark === "unreachable") continue;
    if (mark === "rebased") return "unknown";
    if (mark === "vanished") {
      before = 0;
      continue;
    }
    const value = series.value(i);
    gained += value < before ? value : value - before;
    before = value;
  }
  return gained;
}
