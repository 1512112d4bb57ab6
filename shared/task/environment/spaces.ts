/** What may be observed and done, said so that it can be checked: Gymnasium's Box and Discrete. */
import type { Random } from "../../core/random.ts";

/** Vectors with a lower and an upper bound for each element. */
export interface BoxSpace {
  readonly kind: "box";
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Whole numbers 0…n−1. */
export interface DiscreteSpace {
  readonly kind: "discrete";
  readonly n: number;
}

/** The space between two bounds of the same length. Throws `RangeError` where the lengths differ. */
export function box(low: ArrayLike<number>, high: ArrayLike<number>): BoxSpace {
  if (low.length !== high.length) throw new RangeError(`box: ${low.length} lower bounds, ${high.length} upper ones`);
  return { kind: "box", low: Float32Array.from(low), high: Float32Array.from(high) };
}

/** The space of the whole numbers 0…n − 1. */
export function discrete(n: number): DiscreteSpace {
  return { kind: "discrete", n };
}

/** Number of values of one observation. */
export function sizeOf(space: BoxSpace): number {
  return space.low.length;
}

/** Whether the vector has the space's length and lies within its bounds. */
export function boxContains({ low, high }: BoxSpace, values: ArrayLike<number>): boolean {
  if (values.length !== low.length) return false;
  for (let i = 0; i < low.length; i++) {
    const value = values[i]!;
    if (!(value >= low[i]! && value <= high[i]!)) return false;
  }
  return true;
}

/** Whether the value is a whole number from 0 to n − 1. */
export function discreteContains({ n }: DiscreteSpace, value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < n;
}

/** A value of the space, uniform over the allowed ones; all are, without a mask. */
export function sampleDiscrete({ n }: DiscreteSpace, random: Random, mask?: ArrayLike<number>): number {
  if (!mask) return random.integer(n);
  let allowed = 0;
  for (let i = 0; i < n; i++) if (mask[i]) allowed++;
  if (allowed === 0) throw new RangeError("discrete: the mask allows nothing");
  let left = random.integer(allowed);
  for (let i = 0; i < n; i++) if (mask[i] && left-- === 0) return i;
  throw new RangeError("discrete: unreachable");
}
