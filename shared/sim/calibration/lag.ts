/** How far what was observed lies behind what happened: the shift at which both rise and fall together. */

/** How long after the load a metric follows it. */
export interface LagFit {
  readonly lagSeconds: number;
  /** Pearson's correlation at that lag, −1…1. */
  readonly correlation: number;
}

/**
 * Shifts `observed` back by 0, 1, 2 … bins, up to `mostBins`, and takes the shift with the largest correlation with `truth`, the
 * smallest of equals. Null where one of them never changes.
 */
export function fitLag(
  truth: readonly number[],
  observed: readonly number[],
  { binSeconds, mostBins }: { readonly binSeconds: number; readonly mostBins: number },
): LagFit | null {
  let best: LagFit | null = null;
  for (let shift = 0; shift <= mostBins; shift++) {
    const length = Math.min(truth.length, observed.length - shift);
    // Two points always lie on a line.
    if (length < 3) break;
    const correlation = correlate(truth.slice(0, length), observed.slice(shift, shift + length));
    if (correlation === null) continue;
    if (best === null || correlation > best.correlation + 1e-9) best = { lagSeconds: shift * binSeconds, correlation };
  }
  return best;
}

function correlate(a: readonly number[], b: readonly number[]): number | null {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [fromA, fromB] = [a[i]! - meanA, b[i]! - meanB];
    both += fromA * fromB;
    ofA += fromA * fromA;
    ofB += fromB * fromB;
  }
  return ofA > 0 && ofB > 0 ? both / Math.sqrt(ofA * ofB) : null;
}

/** A counter's readings as rates per bin: the growth between the last readings before each bin's end. */
export function ratesOf(
  readings: readonly { readonly atSeconds: number; readonly count: number }[],
  { binSeconds, bins }: { readonly binSeconds: number; readonly bins: number },
): number[] {
  const rates: number[] = [];
  let next = 0;
  let before = readings[0]?.count ?? 0;
  for (let bin = 1; bin <= bins; bin++) {
    let now = before;
    while (next < readings.length && readings[next]!.atSeconds <= bin * binSeconds) now = readings[next++]!.count;
    rates.push(Math.max(0, now - before) / binSeconds);
    before = now;
  }
  return rates;
}
