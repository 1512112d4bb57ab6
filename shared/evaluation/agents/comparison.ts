/** What a comparison of agents comes to: `results.json`. */
import type { SimTotals } from "../../sim/simulate.ts";
import type { Machine, Versions } from "../files/machine.ts";
import type { TraceSummary } from "../files/traces.ts";
import type { RunJob } from "../matrix.ts";
import type { ContenderScore } from "./scores.ts";

/** The scores of all contenders, and all that is needed to make them again. */
export interface AgentComparison {
  readonly kind: "replicant-agent-comparison";
  readonly version: 1;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly budget: number;
  readonly profile: string;
  readonly traces: readonly (TraceSummary & { readonly rateScale: number })[];
  /** Policies with their options, in the order of the rules. */
  readonly tuned: readonly string[];
  readonly scores: readonly ContenderScore[];
  readonly runs: readonly (SimTotals & Pick<RunJob, "policy" | "seed"> & Record<"name" | "trace", string>)[];
  readonly command: string;
  readonly versions: Versions;
  readonly machine: Machine;
}
