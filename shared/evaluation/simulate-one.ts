/** One policy on one trace in the simulator, beside the oracle on the same. */
import type { SimProfile } from "../sim/profiles.ts";
import type { GuardSwitch } from "../sim/scaler.ts";
import { resolveByName } from "./files/policies.ts";
import type { NamedTrace } from "./files/traces.ts";
import { isBoundName, REFERENCE_POLICY } from "./knowing.ts";
import type { RunJob } from "./matrix.ts";
import { runJobs, withPool, type EvaluationWorld } from "./pool/run-matrix.ts";
import type { Run } from "./run.ts";

/** What `simulate` runs. */
export interface SimulateOptions {
  readonly trace: NamedTrace;
  /** By name, as `--policies` takes it. */
  readonly policy: string;
  readonly profile: SimProfile;
  readonly rateScale: number;
  readonly seed: number;
  /** Unless the policy says otherwise. */
  readonly guard: GuardSwitch;
}

/** The run, and its cost beside the oracle's. */
export interface Simulated {
  readonly run: Run;
  readonly guard: GuardSwitch;
  /** Replica-seconds ÷ those of the oracle; null of perfect foresight itself, and where the oracle needed none. */
  readonly oracleMultiple: number | null;
}

/** Throws `InterruptedError` when the person ends it. */
export async function simulateOne(options: SimulateOptions, world: EvaluationWorld): Promise<Simulated> {
  const { trace, policy, profile, rateScale, seed } = options;
  const guard = (await resolveByName(policy, world.modelsFolder)).guard ?? options.guard;
  const cells = [{ trace, profile, rateScale }];
  const job = (name: string, detail: RunJob["detail"]) => ({ cell: 0, policy: name, seed, detail });
  const jobs = [job(policy, "windows")];
  // Perfect foresight is its own measure.
  if (!isBoundName(policy)) jobs.push(job(REFERENCE_POLICY, "totals"));
  const [run, reference] = await withPool(world, { cells, guard, workers: jobs.length }, (pool) =>
    runJobs(pool, { cells, jobs, what: "simulating" }, world.progress),
  );
  const oracleSeconds = reference?.totals.replicaSeconds ?? 0;
  return { run: run!, guard, oracleMultiple: oracleSeconds > 0 ? run!.totals.replicaSeconds / oracleSeconds : null };
}
