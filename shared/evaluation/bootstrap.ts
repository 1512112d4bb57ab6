/** How sure a mean over seeds is: percentile bootstrap (Efron 1979), seeded. */
import type { Random } from "../core/random.ts";

/** A mean and its confidence interval. */
export interface Interval {
  readonly mean: number;
  readonly lo: number;
  readonly hi: number;
}

/** How an interval is drawn. */
export interface BootstrapOptions {
  /** Samples drawn with replacement; default 2000. */
  readonly resamples?: number;
  /** Share of the resampled means inside the interval; default 0.95. */
  readonly confidence?: number;
}

/**
 * Mean of the values, and the interval that holds the middle share of the means of resamples. The ends are nearest-rank
 * quantiles, so each is a mean that was drawn; one value has an interval of width 0. Null without values.
 */
export function bootstrapMean(
  values: readonly number[],
  random: Random,
  { resamples = 2000, confidence = 0.95 }: BootstrapOptions = {},
): Interval | null {
  if (values.length === 0) return null;
  const mean = meanOf(values);
  if (values.every((value) => value === values[0])) return { mean, lo: mean, hi: mean };
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let n = 0; n < values.length; n++) sum += values[random.integer(values.length)]!;
    means[i] = sum / values.length;
  }
  means.sort();
  const tail = (1 - confidence) / 2;
  const at = (share: number) => means[Math.min(resamples - 1, Math.max(0, Math.ceil(share * resamples) - 1))]!;
  return { mean, lo: at(tail), hi: at(1 - tail) };
}

/** The mean, and in brackets the interval's ends where they differ. */
export function intervalWords({ mean, lo, hi }: Interval, format: (value: number) => string): string {
  return lo === hi ? format(mean) : `${format(mean)} [${format(lo)}–${format(hi)}]`;
}

/** The mean; NaN of no values. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
