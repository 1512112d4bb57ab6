/** The first search for a plan: how busy may replicas be that know what comes? */
import type { CountsOptions } from "./counts.ts";
import { planOf } from "./plan.ts";
import type { Trials } from "./trials.ts";

/** What the search by utilisation starts from. */
export type UtilisationOptions = Pick<CountsOptions, "slots" | "minReplicas" | "mostReplicas" | "initialReplicas"> & {
  readonly trials: Trials;
  /** Replicas that the calls of each slot keep busy. */
  readonly busy: Float64Array;
  readonly leadSeconds: number;
};

const HALVINGS = 7;
const UTILISATION = [0.02, 1] as const;
/** The load of a slot is the mean of it and so many neighbours on each side. */
const NEIGHBOURS = [0, 1];

/** Halves utilisations until the SLO is just kept; the trials know the best plan. */
export function searchUtilisation(options: UtilisationOptions): void {
  const { trials, slots, busy, initialReplicas, leadSeconds } = options;
  for (const neighbours of NEIGHBOURS) {
    const peaks = withNeighbours(withNeighbours(busy, neighbours, mean), 1, (values) => Math.max(...values));
    let [low, high]: [number, number] = [...UTILISATION];
    for (let i = 0; i < HALVINGS; i++) {
      const utilisation = (low + high) / 2;
      const counts = peaks.map((peak) =>
        Math.min(options.mostReplicas, Math.max(options.minReplicas, Math.ceil(peak / utilisation - 1e-9))),
      );
      if (trials.keeps(planOf(counts, slots, leadSeconds, initialReplicas))) low = utilisation;
      else high = utilisation;
    }
  }
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function withNeighbours(values: Float64Array, each: number, of: (values: Float64Array) => number): Float64Array {
  return values.map((_, i) => of(values.subarray(Math.max(0, i - each), i + each + 1)));
}
