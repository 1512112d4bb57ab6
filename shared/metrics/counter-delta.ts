/** The exact increase of a counter between two scraped instants: no extrapolation, nothing lost between windows. */
import type { Series } from "./series.ts";

/**
 * What the counter gained from its newest entry at or before `fromMs` to its newest at or before `toMs`, so that the deltas of
 * windows laid end to end add up to the whole. The caller has seen to it that the source was scraped at both edges: a series
 * that was not there at `fromMs` began from zero since. A value below the one before it is a reset to zero, and so is a return
 * after the source had answered without the series (a source that did not answer proves nothing). Null for a series without
 * an entry at or before `toMs`.
 */
export function counterDelta(series: Series, fromMs: number, toMs: number): number | null {
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
