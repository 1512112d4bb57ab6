/** Policies × (traces × profiles × rate scales, or loads) × seeds, simulated on worker threads. */
import { systemClock } from "../adapters/system-clock.ts";
import type { SimProfile } from "../sim/profiles.ts";
import { cellsOf, onTerms } from "./files/cells.ts";
import { overlapWarnings, type NamedPolicy } from "./files/policies.ts";
import { planJobs, type Matrix, type RunJob } from "./matrix.ts";
import type { MatrixOptions } from "./options.ts";
import { runJobs, withPool, type EvaluationWorld } from "./pool/run-matrix.ts";
import { resultOf, type EvaluationResult } from "./results/result.ts";
import type { Run } from "./run.ts";

/** What `evaluate` runs. */
export interface EvaluateOptions extends MatrixOptions {
  readonly policies: readonly NamedPolicy[];
  /** Of traces; loads bring their own. */
  readonly profiles: readonly SimProfile[];
}

/** The result, with the runs behind it. */
export interface Evaluated {
  readonly result: EvaluationResult;
  /** What ran, and what came of it, in the same order. */
  readonly jobs: readonly RunJob[];
  readonly runs: readonly Run[];
}

const DEFAULT_RATE_SCALES = [1, 4, 10];

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it. */
export async function evaluateMatrix(options: EvaluateOptions, world: EvaluationWorld): Promise<Evaluated> {
  const { policies, profiles, guard, startCostSeconds, seeds } = options;
  const cells = onTerms(await cellsOf(options, profiles, DEFAULT_RATE_SCALES), options);
  const warnings = overlapWarnings(policies, [...new Set(cells.map(({ trace }) => trace))]);
  for (const warning of warnings) world.say(`warning: ${warning}`);

  const matrix: Matrix = {
    cells: cells.map(({ trace, profile, rateScale }) => ({
      ...{ trace: trace.name, profile: profile.name, rateScale },
      ...{ slo: profile.slo, startCostSeconds },
    })),
    policies: policies.map(({ name }) => name),
    seeds,
  };
  const jobs = planJobs(matrix);
  const workers = Math.min(options.workers, jobs.length);
  world.say(
    `${jobs.length} runs on ${workers} ${workers === 1 ? "worker" : "workers"}, those of the oracle and of foresight included`,
  );
  const startMs = systemClock.nowMs();
  const runs = await withPool(world, { cells, guard, workers }, (pool) =>
    runJobs(pool, { cells, jobs, what: "evaluating" }, world.progress),
  );
  const made = {
    at: new Date(startMs).toISOString(),
    tookSeconds: (systemClock.nowMs() - startMs) / 1000,
    workers,
    command: world.command,
  };
  const parts = { cells, matrix, jobs, runs, policies, guard, warnings, made };
  return { result: resultOf(parts), jobs, runs };
}
