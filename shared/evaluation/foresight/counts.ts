/** The cheapest counts of replicas, slot by slot, where a late call has a price: a dynamic programme, exact. */
import type { Slots } from "./slots.ts";

/** What the programme weighs, and between which counts. */
export interface CountsOptions {
  readonly slots: Slots;
  /** Late calls of slot k at n replicas: `late[k × (mostReplicas + 1) + n]`. */
  readonly late: Float32Array;
  readonly minReplicas: number;
  readonly mostReplicas: number;
  readonly initialReplicas: number;
  /** Of one start, replica-seconds. */
  readonly startSeconds: number;
  /** Of one late call, replica-seconds. */
  readonly lateSeconds: number;
  /** Which of the counts of two neighbouring slots the calls of the latter meet: the larger one bounds, its own one plans. */
  readonly serves: "larger" | "own";
}

/** The cheapest counts at a price of lateness, a count for each slot. */
export interface PricedCounts {
  readonly counts: Uint16Array;
  /** Of each slot: the count that its calls meet. */
  readonly served: Uint16Array;
  /** Replica-seconds and starts, priced, without the late calls. */
  readonly cost: number;
  readonly late: number;
}

/** Minimises Σ slotSeconds · n + startSeconds · starts + lateSeconds · late. */
export function cheapestCounts(options: CountsOptions): PricedCounts {
  const { slots, late, minReplicas, mostReplicas, initialReplicas, startSeconds, lateSeconds } = options;
  const isLarger = options.serves === "larger";
  const width = mostReplicas + 1;
  const from = new Uint16Array(slots.count * width);
  let before = new Float64Array(width).fill(Infinity);
  let after = new Float64Array(width).fill(Infinity);
  before[Math.min(mostReplicas, initialReplicas)] = 0;
  for (let slot = 0; slot < slots.count; slot++) {
    const row = slot * width;
    for (let n = minReplicas; n < width; n++) {
      let least = Infinity;
      let leastFrom = 0;
      for (let m = 0; m < width; m++) {
        const served = isLarger && m > n ? m : n;
        const starts = n > m ? (n - m) * startSeconds : 0;
        const value = before[m]! + starts + lateSeconds * late[row + served]!;
        if (value < least) [least, leastFrom] = [value, m];
      }
      after[n] = least + n * slots.slotSeconds;
      from[row + n] = leastFrom;
    }
    [before, after] = [after, before];
    if (slot === 0) after.fill(Infinity);
  }
  let n = before.indexOf(Math.min(...before));
  const value = before[n]!;
  const [counts, served] = [new Uint16Array(slots.count), new Uint16Array(slots.count)];
  let lateCalls = 0;
  for (let slot = slots.count - 1; slot >= 0; slot--) {
    const m = from[slot * width + n]!;
    counts[slot] = n;
    served[slot] = isLarger ? Math.max(m, n) : n;
    lateCalls += late[slot * width + served[slot]!]!;
    n = m;
  }
  return { counts, served, cost: value - lateSeconds * lateCalls, late: lateCalls };
}
