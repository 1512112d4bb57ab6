/** Policies × cells × seeds as a list of jobs whose order does not matter. */
import type { Slo } from "../core/slo.ts";
import { FORESIGHT_POLICY, REFERENCE_POLICY } from "./knowing.ts";
import type { Detail } from "./run.ts";

/** What a policy is evaluated on, by name. */
export interface CellName {
  readonly trace: string;
  readonly profile: string;
  readonly rateScale: number;
}

/** What a cell's policies owe, and what a start costs there, replica-seconds. */
export interface CellTerms {
  readonly slo: Slo;
  readonly startCostSeconds: number;
}

/** One run of the matrix. */
export interface RunJob {
  /** Index into the matrix's cells. */
  readonly cell: number;
  readonly policy: string;
  readonly seed: number;
  readonly detail: Detail;
}

/** All that is run: each policy on each cell with each seed. */
export interface Matrix {
  readonly cells: readonly (CellName & CellTerms)[];
  readonly policies: readonly string[];
  readonly seeds: readonly number[];
}

const KNOWING = [FORESIGHT_POLICY, REFERENCE_POLICY];

/** A time line is kept for the first seed. Neighbours share their schedule. */
export function planJobs({
  cells,
  policies,
  seeds,
}: Pick<Matrix, "policies" | "seeds"> & { readonly cells: readonly unknown[] }): RunJob[] {
  const all = [...KNOWING.filter((bound) => !policies.includes(bound)), ...policies];
  return cells.flatMap((_, cell) =>
    seeds.flatMap((seed) =>
      all.map((policy) => ({ cell, policy, seed, detail: seed === seeds[0] ? "timeline" : "totals" })),
    ),
  );
}
