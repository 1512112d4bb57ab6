/** What keeping the SLO costs at least. */
import type { LateTable } from "./late-table.ts";
import { cheapestCounts, type CountsOptions, type PricedCounts } from "./counts.ts";

/** A cost that no policy which keeps the SLO is below, in expectation over routes. */
export interface LowerBound {
  /** Replica-seconds and starts, priced. */
  readonly cost: number;
  /** Price of a late call at which the budget is just spent, replica-seconds: what one more late call would save. */
  readonly lateSeconds: number;
}

/** What the bound is computed from. */
export type BoundOptions = Omit<CountsOptions, "late" | "mostReplicas" | "serves" | "lateSeconds"> & {
  readonly table: LateTable;
  /** Calls that may be late. */
  readonly budgetCalls: number;
};

const ROUGH_STEPS = 14;
const FINE_ROUNDS = 8;
/** Prices between which a late call is looked for, in multiples of `scaleSeconds`. */
const PRICES = [1e-3, 1e4] as const;

/**
 * Lagrange: whoever keeps to the budget pays at least min(cost + price · late) − price · budget, at any price; the largest of
 * them bounds. The minimum is over all counts by slot, and is the dynamic programme's, where
 *
 * - a slot's calls meet the larger of its count and that of the slot before, in both slots, from empty replicas on;
 * - a replica serves at once, a dismissed one costs nothing more, and a start costs `startSeconds`: its price, and the least time
 *   in which none can serve;
 * - late calls are an expectation over routes (`LateTable`): a policy decides without knowing them, so the routes of a slot are
 *   new to it, whatever it saw before, and no adapting from slot to slot can beat the cheapest counts.
 *
 * It holds in expectation, for counts that change between slots, and supposes that more replicas never make more calls late.
 */
export function lowerBound(options: BoundOptions, scaleSeconds: number): LowerBound {
  const { table, budgetCalls } = options;
  const at = (lateSeconds: number) =>
    cheapestCounts({ ...options, late: table.late, mostReplicas: table.mostReplicas, serves: "larger", lateSeconds });
  let [low, high] = [PRICES[0] * scaleSeconds, PRICES[1] * scaleSeconds];
  const halve = (found: PricedCounts, lateSeconds: number) => {
    if (found.late > budgetCalls) low = lateSeconds;
    else high = lateSeconds;
  };
  for (let step = 0; step < ROUGH_STEPS; step++) {
    const lateSeconds = Math.sqrt(low * high);
    halve(at(lateSeconds), lateSeconds);
  }
  for (let round = 0; round < FINE_ROUNDS; round++) {
    const lateSeconds = Math.sqrt(low * high);
    const found = at(lateSeconds);
    refineAround(table, found.served);
    // What was refined may move the price: look a little around it again.
    [low, high] = [low / 1.25, high * 1.25];
    for (let step = 0; step < 3; step++) {
      const between = Math.sqrt(low * high);
      halve(at(between), between);
    }
  }
  const lateSeconds = Math.sqrt(low * high);
  const found = at(lateSeconds);
  return { cost: found.cost + lateSeconds * (found.late - budgetCalls), lateSeconds };
}

/** Entries met by a path, and their neighbours. */
export function refineAround(table: LateTable, counts: Uint16Array): void {
  for (let slot = 0; slot < counts.length; slot++) {
    for (let n = counts[slot]! - 1; n <= counts[slot]! + 1; n++) {
      if (n >= 1 && n <= table.mostReplicas) table.refine(slot, n);
    }
  }
}
