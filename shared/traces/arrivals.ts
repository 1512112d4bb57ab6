/** Places arrivals in time: inside a bin by a gap rule, or around recorded instants when their rate is scaled. */
import type { Random } from "../core/random.ts";
import type { GapRule, InstantTrace } from "./trace.ts";

/** CV of the gaps of `hyper-exponential`. */
export const HYPER_EXPONENTIAL_CV = 2;

/**
 * Arrivals of one bin as fractions of its length, ascending, each in [0, 1). `expected` is the bin's count times the rate
 * scale. All rules but `poisson` place a whole number of arrivals: the fraction is rounded up or down by a seeded draw,
 * so that the expected number is right; a whole `expected` is met exactly.
 */
export function arrivalsInBin(expected: number, gapRule: GapRule, random: Random): Float64Array {
  const count = gapRule === "poisson" ? random.poisson(expected) : roundBySeed(expected, random);
  switch (gapRule) {
    case "uniform":
    case "poisson":
      return new Float64Array(count).map(() => random.next()).sort();
    case "equidistant":
      // Half a gap at both ends, so that spacing stays even over the border of two like bins.
      return new Float64Array(count).map((_, i) => (i + 0.5) / count);
    case "hyper-exponential":
      return rescaledGaps(count, () => hyperExponentialGap(random));
  }
}

/** An arrival that a scaled instant trace yields, and the row of the trace it stems from. */
export interface ScaledArrivals {
  readonly arrivalSeconds: Float64Array;
  readonly row: Uint32Array;
}

/**
 * Changes the rate of recorded instants, keeping their shape. Below 1 each arrival stays with probability `rateScale`.
 * Above 1 the first copy stays where it was recorded and the others are superposed, each moved by up to one mean gap
 * either way (wrapped at the ends), so that copies do not come as batches. A fraction is one more copy by a seeded draw.
 * At 1 nothing changes.
 */
export function scaleInstants(trace: InstantTrace, rateScale: number, random: Random): ScaledArrivals {
  const { arrivalSeconds, durationSeconds } = trace;
  const meanGapSeconds = durationSeconds / Math.max(1, arrivalSeconds.length);
  const instants: number[] = [];
  const rows: number[] = [];
  arrivalSeconds.forEach((recorded, row) => {
    const copies = roundBySeed(rateScale, random);
    for (let copy = 0; copy < copies; copy++) {
      const moved = copy === 0 ? recorded : recorded + (2 * random.next() - 1) * meanGapSeconds;
      instants.push(wrap(moved, durationSeconds));
      rows.push(row);
    }
  });
  const order = Uint32Array.from(instants.keys()).sort((a, b) => instants[a]! - instants[b]! || a - b);
  return {
    arrivalSeconds: Float64Array.from(order, (i) => instants[i]!),
    row: order.map((i) => rows[i]!),
  };
}

/** Rounds up with the probability of the fraction; whole numbers draw nothing. */
function roundBySeed(expected: number, random: Random): number {
  const whole = Math.floor(expected);
  const fraction = expected - whole;
  return fraction > 0 && random.next() < fraction ? whole + 1 : whole;
}

/** `count` arrivals from `count` + 1 independent gaps that together fill the bin. */
function rescaledGaps(count: number, gap: () => number): Float64Array {
  const arrivals = new Float64Array(count);
  let elapsed = 0;
  for (let i = 0; i < count; i++) arrivals[i] = elapsed += gap();
  const total = elapsed + gap();
  return arrivals.map((at) => at / total);
}

/**
 * A two-phase gap of mean 1 and CV c with balanced means: with probability p = ½ (1 + √((c² − 1) / (c² + 1))) the mean is
 * 1 / 2p, else 1 / 2(1 − p) (Whitt 1982).
 */
function hyperExponentialGap(random: Random): number {
  const squaredCv = HYPER_EXPONENTIAL_CV ** 2;
  const p = (1 + Math.sqrt((squaredCv - 1) / (squaredCv + 1))) / 2;
  return random.exponential(random.next() < p ? 1 / (2 * p) : 1 / (2 * (1 - p)));
}

function wrap(seconds: number, durationSeconds: number): number {
  if (seconds >= 0 && seconds < durationSeconds) return seconds;
  const wrapped = ((seconds % durationSeconds) + durationSeconds) % durationSeconds;
  return wrapped < durationSeconds ? wrapped : 0;
}
