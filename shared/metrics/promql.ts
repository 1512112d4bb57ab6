/**
 * PromQL's arithmetic on one series: what Prometheus 2.x answers, number for number.
 * `null` is an empty result: too few samples, too old, or stale. NaN is a value like any other.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/ and …/querying/basics/#staleness
 */
import type { Series } from "./series.ts";

/** How old the newest sample may be for an instant query: Prometheus's default of five minutes. */
export const LOOK_BACK_MS = 300_000;

/** Newest value at `atMs`: none when it is older than the look-back or when the series is marked stale. */
export function instant(series: Series, atMs: number, lookBackMs = LOOK_BACK_MS): number | null {
  const i = series.indexAt(atMs);
  if (i < 0 || !series.isSample(i) || series.timeMs(i) < atMs - lookBackMs) return null;
  return series.value(i);
}

/** Per-second increase of a counter over the range, extrapolated to its edges. */
export function rate(series: Series, atMs: number, rangeMs: number): number | null {
  const grown = increase(series, atMs, rangeMs);
  return grown === null ? null : grown / (rangeMs / 1000);
}

/**
 * Increase of a counter over [at − range, at]. At least two samples are needed. A value below the one before it is a
 * reset: the counter began again from zero. The difference of the last and the first sample is extrapolated to each edge of
 * the range: all the way when that edge is nearer than 1.1 average sample intervals, else by half an interval, as the
 * series is then taken to begin or end inside the range; and never back to before the counter would have been zero.
 */
export function increase(series: Series, atMs: number, rangeMs: number): number | null {
  const startMs = atMs - rangeMs;
  let count = 0;
  let firstMs = 0;
  let first = 0;
  let lastMs = 0;
  let last = 0;
  let lostInResets = 0;
  for (let i = firstIndexFrom(series, startMs), end = series.indexAt(atMs); i <= end; i++) {
    if (!series.isSample(i)) continue;
    const value = series.value(i);
    if (count === 0) {
      firstMs = series.timeMs(i);
      first = value;
    } else if (value < last) lostInResets += last;
    lastMs = series.timeMs(i);
    last = value;
    count++;
  }
  if (count < 2) return null;

  const difference = last - first + lostInResets;
  const sampledSeconds = (lastMs - firstMs) / 1000;
  const intervalSeconds = sampledSeconds / (count - 1);
  const nearSeconds = intervalSeconds * 1.1;
  let toStartSeconds = (firstMs - startMs) / 1000;
  const toEndSeconds = (atMs - lastMs) / 1000;
  if (difference > 0 && first >= 0) {
    toStartSeconds = Math.min(toStartSeconds, sampledSeconds * (first / difference));
  }
  const coveredSeconds =
    sampledSeconds +
    (toStartSeconds < nearSeconds ? toStartSeconds : intervalSeconds / 2) +
    (toEndSeconds < nearSeconds ? toEndSeconds : intervalSeconds / 2);
  return difference * (coveredSeconds / sampledSeconds);
}

/** Index of the oldest entry at or after `fromMs`. */
function firstIndexFrom(series: Series, fromMs: number): number {
  const i = series.indexAt(fromMs);
  return i >= 0 && series.timeMs(i) === fromMs ? i : i + 1;
}
