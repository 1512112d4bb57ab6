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

/** What is combined into jobs. */
export type JobsOptions = Pick<Matrix, "policies" | "seeds"> & { readonly cells: readonly unknown[] };

/** Each policy on each cell with each seed. Neighbours share their schedule. */
export function jobsOf({ cells, policies, seeds }: JobsOptions, detailOf: (seed: number) => Detail): RunJob[] {
  return cells.flatMap((_, cell) =>
    seeds.flatMap((seed) => policies.map((policy) => ({ cell, policy, seed, detail: detailOf(seed) }))),
  );
}

/** The jobs of an evaluation, those of the policies that know what none can among them. A time line is kept for the first seed. */
export function planJobs({ cells, policies, seeds }: JobsOptions): RunJob[] {
  const all = [...KNOWING.filter((bound) => !policies.includes(bound)), ...policies];
  return jobsOf({ cells, policies: all, seeds }, (seed) => (seed === seeds[0] ? "timeline" : "totals"));
}
