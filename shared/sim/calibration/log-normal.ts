/** A log-normal law fitted to durations, and how far it lies from them. */

/** A log-normal law fitted to durations, seconds. */
export interface LogNormalFit {
  readonly median: number;
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
  /** The least value seen: the law is cut there. */
  readonly floor: number;
  /** Largest distance between the law's distribution function and the values' (Kolmogorov–Smirnov), 0…1. */
  readonly ksDistance: number;
  readonly samples: number;
}

/** Maximum likelihood; null without positive values. One value has no spread. */
export function fitLogNormal(values: readonly number[]): LogNormalFit | null {
  const positive = values.filter((value) => value > 0 && value < Infinity).sort((a, b) => a - b);
  if (positive.length === 0) return null;
  const logs = positive.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / Math.max(1, logs.length - 1);
  const law = { median: Math.exp(mean), sigma: Math.sqrt(variance), floor: positive[0]! };
  return { ...law, ksDistance: ksDistance(positive, law), samples: positive.length };
}

type Law = Pick<LogNormalFit, "median" | "sigma" | "floor">;

/** P(X ≤ x) of max(floor, log-normal). */
export function logNormalCdf(x: number, { median, sigma, floor }: Law): number {
  if (x < floor || x <= 0) return 0;
  if (sigma === 0) return x >= median ? 1 : 0;
  return normalCdf(Math.log(x / median) / sigma);
}

function ksDistance(sorted: readonly number[], law: Law): number {
  let largest = 0;
  sorted.forEach((value, i) => {
    const atValue = logNormalCdf(value, law);
    // Below the cut the law has nothing, so the step up to the first value is no distance.
    const below = value <= law.floor ? 0 : atValue;
    largest = Math.max(largest, Math.abs((i + 1) / sorted.length - atValue), Math.abs(below - i / sorted.length));
  });
  return largest;
}

/** Abramowitz & Stegun 26.2.17: error below 7.5e-8. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? 1 - upper : upper;
}
