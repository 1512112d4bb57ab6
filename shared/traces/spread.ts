/**
 * Spreads a bin's arrivals over its seconds. Counts per minute do not say where in the minute the arrivals were, and evenly is the one
 * answer that real traffic never gives: it comes in clumps. So each second has a chance of its own, exp(x), where x wanders (an
 * AR(1) of a given spread and memory), and every arrival of the bin draws its second by these chances, independently: a doubly
 * stochastic (Cox) process, given its counts. The bin's count is met exactly; within it the index of dispersion of counts grows
 * with the deviation. With deviation 0 it is a Poisson process given its counts.
 */
import type { Random } from "../core/random.ts";

/** How uneven the seconds of a bin are. */
export interface SpreadLaw {
  /** Standard deviation of x, the logarithm of the rate; 0: all seconds of a bin are alike. */
  readonly deviation: number;
  /** Time in which x forgets itself, seconds. */
  readonly correlationSeconds: number;
}

/** Half-way between smooth and bursty: seconds differ by a factor of 1.65 either way, for some 8 s. */
export const DEFAULT_SPREAD: SpreadLaw = { deviation: 0.5, correlationSeconds: 8 };

/** Counts of each second of a bin that begins at `fromSecond`. */
export type Spread = (fromSecond: number, seconds: number, count: number) => Uint32Array;

/** One process: call it for its bins in the order of time; x goes on from bin to bin, and starts afresh after bins left out. */
export function spreadBy({ deviation, correlationSeconds }: SpreadLaw, random: Random): Spread {
  const memory = Math.exp(-1 / correlationSeconds);
  const fresh = deviation * Math.sqrt(1 - memory * memory);
  let x = 0;
  let nextSecond = NaN;
  return (fromSecond, seconds, count) => {
    const counts = new Uint32Array(seconds);
    if (seconds === 1) counts[0] = count;
    else if (deviation === 0) for (let i = 0; i < count; i++) counts[random.integer(seconds)]!++;
    else {
      if (fromSecond !== nextSecond) x = deviation * random.normal();
      nextSecond = fromSecond + seconds;
      const upTo = new Float64Array(seconds);
      let sum = 0;
      for (let second = 0; second < seconds; second++) {
        upTo[second] = sum += Math.exp(x);
        x = memory * x + fresh * random.normal();
      }
      for (let i = 0; i < count; i++) counts[firstAbove(upTo, random.next() * sum)]!++;
    }
    return counts;
  };
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
