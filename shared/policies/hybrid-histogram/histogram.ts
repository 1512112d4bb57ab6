/** The hybrid histogram of idle times (Shahrad et al., "Serverless in the Wild", ATC'20): when to be warm. */

/** One bin per minute, four hours. */
export const RANGE_MINUTES = 240;
const HEAD = 0.05;
const TAIL = 0.99;
const MARGIN = 0.1;
/** Below this coefficient of variation of its bins, a histogram has no shape to trust. */
const REPRESENTATIVE_CV = 2;
const OUT_OF_BOUNDS_SHARE = 0.5;
const FORECAST_MARGIN = 0.15;
const SMOOTHING = 0.3;

/** Idle times of a function, counted by the minute. */
export interface IdleHistogram {
  readonly bins: readonly number[];
  readonly outOfBounds: number;
  /** Exponentially smoothed idle time, minutes: used where the paper fits ARIMA. Null before the first. */
  readonly smoothedMinutes: number | null;
}

/** The histogram before the first idle time. */
export const EMPTY_HISTOGRAM: IdleHistogram = {
  bins: Array.from({ length: RANGE_MINUTES }, () => 0),
  outOfBounds: 0,
  smoothedMinutes: null,
};

/** The histogram with one more idle time, minutes. */
export function recordIdle(histogram: IdleHistogram, idleMinutes: number): IdleHistogram {
  const bin = Math.floor(idleMinutes);
  const before = histogram.smoothedMinutes;
  const smoothedMinutes = before === null ? idleMinutes : before + SMOOTHING * (idleMinutes - before);
  if (bin >= RANGE_MINUTES) return { ...histogram, outOfBounds: histogram.outOfBounds + 1, smoothedMinutes };
  return { ...histogram, bins: histogram.bins.with(bin, histogram.bins[bin]! + 1), smoothedMinutes };
}

/** Warm from `prewarmMinutes` until `untilMinutes` after the last work; cold before and after. */
export interface WarmSpan {
  readonly kind: "histogram" | "whole range" | "forecast";
  readonly prewarmMinutes: number;
  readonly untilMinutes: number;
}

/**
 * Mostly out of bounds: around the forecast, 0.85…1.15 of it. A flat or empty histogram: warm for the whole range. Else from
 * the 5th percentile less 10 % to the 99th plus 10 %; the head is the lower edge of its bin, the tail the upper one.
 */
export function warmSpan({ bins, outOfBounds, smoothedMinutes }: IdleHistogram): WarmSpan {
  const inBounds = bins.reduce((sum, count) => sum + count, 0);
  const total = inBounds + outOfBounds;
  if (total > 0 && outOfBounds / total >= OUT_OF_BOUNDS_SHARE && smoothedMinutes !== null) {
    const prewarmMinutes = (1 - FORECAST_MARGIN) * smoothedMinutes;
    return { kind: "forecast", prewarmMinutes, untilMinutes: prewarmMinutes + 2 * FORECAST_MARGIN * smoothedMinutes };
  }
  if (coefficientOfVariation(bins) < REPRESENTATIVE_CV) {
    return { kind: "whole range", prewarmMinutes: 0, untilMinutes: RANGE_MINUTES };
  }
  return {
    kind: "histogram",
    prewarmMinutes: percentileBin(bins, inBounds * HEAD) * (1 - MARGIN),
    untilMinutes: (percentileBin(bins, inBounds * TAIL) + 1) * (1 + MARGIN),
  };
}

function percentileBin(bins: readonly number[], rank: number): number {
  let seen = 0;
  for (const [bin, count] of bins.entries()) {
    seen += count;
    if (count > 0 && seen >= rank) return bin;
  }
  return bins.length - 1;
}

/** Standard deviation ÷ mean of the bins' counts; 0 when all are empty. */
function coefficientOfVariation(bins: readonly number[]): number {
  const mean = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  if (mean === 0) return 0;
  const variance = bins.reduce((sum, count) => sum + (count - mean) ** 2, 0) / bins.length;
  return Math.sqrt(variance) / mean;
}
