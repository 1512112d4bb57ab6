/** Policies × cells × seeds as a list of jobs whose order does not matter. */
import type { Detail } from "./run.ts";

/** What a policy is evaluated on, by name. */
export interface CellName {
  readonly trace: string;
  readonly profile: string;
  readonly rateScale: number;
}

export interface RunJob {
  /** Index into the matrix's cells. */
  readonly cell: number;
  readonly policy: string;
  readonly seed: number;
  readonly detail: Detail;
}

export interface Matrix {
  readonly cells: readonly CellName[];
  readonly policies: readonly string[];
  readonly seeds: readonly number[];
}

/** The lower bound that replica-seconds are a multiple of; it runs on every cell and seed, asked for or not. */
export const REFERENCE_POLICY = "oracle";

/** A time line is kept for the first seed. Neighbours share their schedule. */
export function planJobs({ cells, policies, seeds }: Matrix): RunJob[] {
  const all = policies.includes(REFERENCE_POLICY) ? policies : [REFERENCE_POLICY, ...policies];
  return cells.flatMap((_, cell) =>
    seeds.flatMap((seed) =>
      all.map((policy) => ({ cell, policy, seed, detail: seed === seeds[0] ? "timeline" : "totals" })),
    ),
  );
}
