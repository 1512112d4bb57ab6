/** Runs a matrix's jobs on worker threads, heavy ones first, with a progress bar. */
import { systemClock } from "../../adapters/system-clock.ts";
import { traceInvocations, traceSeconds } from "../../traces/trace.ts";
import { FORESIGHT_POLICY } from "../knowing.ts";
import type { RunJob } from "../matrix.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import type { Cell, Run } from "../run.ts";
import type { GuardSwitch } from "../../sim/scaler.ts";
import { startProgress, type ProgressOutput } from "../../core/progress.ts";
import { openPool, type Pool, type WorkerSetup } from "./pool.ts";
import type { NamedTrace } from "../files/traces.ts";

/** What an evaluation on worker threads needs of the world. */
export interface EvaluationWorld {
  /** The bundle of `worker.ts`. */
  readonly workerScript: string;
  /** The models that travel with the bundles, a folder each. */
  readonly modelsFolder: string;
  /** Progress and warnings, a line each. */
  readonly say: (line: string) => void;
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal;
  /** As typed, for the record. */
  readonly command: string;
}

/** A trace, scaled, on a profile. */
export interface MatrixCell extends Omit<Cell, "trace"> {
  readonly trace: NamedTrace;
}

/** Opens a pool for these cells, and closes it whatever happens. */
export async function withPool<T>(
  world: Pick<EvaluationWorld, "workerScript" | "modelsFolder" | "signal">,
  options: { readonly cells: readonly MatrixCell[]; readonly guard: GuardSwitch; readonly workers: number },
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  const { cells, guard, workers } = options;
  const pool = openPool({
    script: world.workerScript,
    setup: setupOf(cells, guard, world.modelsFolder),
    workers,
    signal: world.signal,
  });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** Runs in the order of the jobs. */
export async function runJobs(
  pool: Pool,
  {
    cells,
    jobs,
    what,
  }: { readonly cells: readonly MatrixCell[]; readonly jobs: readonly RunJob[]; readonly what: string },
  output: ProgressOutput,
): Promise<Run[]> {
  const weights = cells.map(weightOf);
  const order = jobs
    .map((job, index) => ({ job, index, weight: weights[job.cell]! * (job.policy === FORESIGHT_POLICY ? SEARCH : 1) }))
    .sort((a, b) => b.weight - a.weight || a.index - b.index);
  const bar = startProgress(
    what,
    order.map(({ weight }) => weight),
    systemClock,
    output,
  );
  try {
    const runs = await pool.run(
      order.map(({ job }) => job),
      bar.update,
    );
    const inOrder = new Array<Run>(jobs.length);
    order.forEach(({ index }, i) => (inOrder[index] = runs[i]!));
    return inOrder;
  } finally {
    bar.end();
  }
}

function setupOf(cells: readonly MatrixCell[], guard: GuardSwitch, modelsFolder: string): WorkerSetup {
  const traces = [...new Set(cells.map(({ trace }) => trace.trace))];
  return {
    traces,
    cells: cells.map(({ trace, profile, rateScale }) => ({ trace: traces.indexOf(trace.trace), profile, rateScale })),
    guard,
    modelsFolder,
  };
}

/** A search for a plan takes about as long as so many runs. */
const SEARCH = 30;
/** A window costs about as much as so many calls. */
const CALLS_PER_WINDOW = 70;

function weightOf({ trace: { trace }, rateScale }: MatrixCell): number {
  return traceInvocations(trace) * rateScale + CALLS_PER_WINDOW * Math.ceil(traceSeconds(trace) / WINDOW_SECONDS);
}
