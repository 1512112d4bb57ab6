/**
 * `histogram_quantile` on classic buckets: linear inside the bucket that holds the rank.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */

/** One bucket of a cumulative histogram. */
export interface Bucket {
  /** Upper bound, `le`; +Infinity for the last. */
  readonly upperBound: number;
  /** Cumulative: observations at or below the bound. May be a rate or an increase. */
  readonly count: number;
}

/**
 * The `q`-quantile. The lowest bucket reaches down to 0 when its bound is positive; a rank in the +Inf bucket answers the
 * highest finite bound. NaN without observations, without a +Inf bucket or with one bucket only; q < 0 → −∞, q > 1 → +∞.
 */
export function histogramQuantile(q: number, buckets: readonly Bucket[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const merged = cumulative(buckets);
  if (merged.length < 2 || merged[merged.length - 1]!.upperBound !== Infinity) return NaN;
  const observations = merged[merged.length - 1]!.count;
  if (observations === 0 || Number.isNaN(observations)) return NaN;

  const rank = q * observations;
  let b = 0;
  while (b < merged.length - 1 && merged[b]!.count < rank) b++;
  if (b === merged.length - 1) return merged[b - 1]!.upperBound;
  const { upperBound, count } = merged[b]!;
  if (b === 0 && upperBound <= 0) return upperBound;
  const below = merged[b - 1] ?? { upperBound: 0, count: 0 };
  return below.upperBound + (upperBound - below.upperBound) * ((rank - below.count) / (count - below.count));
}

/** Sorts by bound, adds buckets of equal bound, and lifts counts that fall, which scrapes caught half-way may show. */
export function cumulative(buckets: readonly Bucket[]): readonly Bucket[] {
  const merged: { upperBound: number; count: number }[] = [];
  for (const { upperBound, count } of [...buckets].sort((a, b) => a.upperBound - b.upperBound)) {
    const last = merged[merged.length - 1];
    if (last?.upperBound === upperBound) last.count += count;
    else merged.push({ upperBound, count });
  }
  let largest = -Infinity;
  for (const bucket of merged) {
    if (bucket.count > largest) largest = bucket.count;
    else if (bucket.count < largest) bucket.count = largest;
  }
  return merged;
}
