/** The share of late requests by how busy replicas are, and what a late request is worth at that use. */
import { busyWithin } from "./latency-curve.ts";

/** Share of late requests by how busy replicas are, both 0…1; it rises, and is 1 where they are fully busy. */
export type LateShare = (busy: number) => number;

/** Shares that the latency curve knows. */
const SHARES = [0.01, 0.05, 0.1] as const;
const RATIOS = { least: 2, most: 40, step: 1.05 } as const;

/** A function's latency curve as points of use and ln share, the last at full use. */
type Curve = readonly { readonly busy: number; readonly log: number }[];

/** The curves of all ratios, which do not depend on the budget. */
const CURVES: readonly { readonly ratio: number; readonly curve: Curve }[] = Array.from(ratios(), (ratio) => {
  const points = SHARES.map((share) => ({ busy: busyWithin(share, ratio), log: Math.log(share) }));
  return { ratio, curve: [...points, { busy: 1, log: 0 }] };
});

function* ratios(): Generator<number> {
  let ratio: number = RATIOS.least;
  for (; ratio < RATIOS.most; ratio *= RATIOS.step) yield ratio;
  yield ratio;
}

/** The latency curve of a function whose steady load keeps `budget` at this use. */
export function lateShareThrough(busy: number, budget: number): LateShare {
  // The use rises with the ratio: the last curve that allows no more than this one, by bisection.
  let low = 0;
  let high = CURVES.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (busyWithin(budget, CURVES[middle + 1]!.ratio) <= busy) low = middle + 1;
    else high = middle;
  }
  const { curve } = CURVES[low]!;
  return (use) => {
    if (use >= 1) return 1;
    let above = 1;
    while (use >= curve[above]!.busy) above++;
    const left = curve[above - 1]!;
    const right = curve[above]!;
    return Math.exp(left.log + ((use - left.busy) / (right.busy - left.busy)) * (right.log - left.log));
  };
}

/**
 * Where 1 ÷ busy + price × late share is least, a little more use saves exactly what its late requests cost: so the chosen use implies
 * a price, in the busy seconds of one request.
 */
export function priceAt(busy: number, lateShare: LateShare): number {
  const step = 0.01;
  const [low, high] = [Math.max(step, busy - step), Math.min(1 - step, busy + step)];
  const slope = (lateShare(high) - lateShare(low)) / (high - low);
  return 1 / (busy ** 2 * slope);
}
