/** `replicant evaluate --env live`: policies side by side on the running platform, one replay after the other. */
import { systemClock } from "../../adapters/system-clock.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import type { Matrix, RunJob } from "../../evaluation/matrix.ts";
import { rowsOf } from "../../evaluation/rows.ts";
import { WINDOW_SECONDS } from "../../evaluation/run.ts";
import { lendFunction } from "../borrow-function.ts";
import { managedOn, openPlatform, type LivePlatform } from "../platform.ts";
import { planLoad, type LoadPlan } from "../load.ts";
import { csvOf } from "../../evaluation/results/csv.ts";
import { machine, versions } from "../../evaluation/files/machine.ts";
import type { EvaluateFlags } from "../../evaluation/options.ts";
import { overlapWarnings } from "../../evaluation/files/policies.ts";
import { startProgress } from "../../core/progress.ts";
import { checkResultFolder, writeResultFolder } from "../../evaluation/results/result-folder.ts";
import { RESULT_KIND, type EvaluationResult } from "../../evaluation/results/result.ts";
import type { EvaluationWorld } from "../../evaluation/pool/run-matrix.ts";
import { decisionLines, tableOf } from "../../evaluation/results/table.ts";
import { summaryOf } from "../../evaluation/files/traces.ts";
import { readLiveFlags, type LiveOptions } from "../../../services/cli/evaluate/live/options.ts";
import { liveRun } from "./run.ts";
import type { LiveRun } from "./tally.ts";

/** Throws `BadInputError` before anything is changed, `InterruptedError` when the person ends it; nothing is written then. */
export async function evaluateLive(flags: EvaluateFlags, world: EvaluationWorld): Promise<void> {
  const options = await readLiveFlags(flags, world.modelsFolder);
  if (options.out !== null) await checkResultFolder(options.out);
  const platform = await openPlatform(world.home, "cli", world.say);
  try {
    const managed = await managedOn(platform, options.functionName);
    const plans = await plansOf(options, managed);
    const warnings = overlapWarnings(
      options.policies,
      options.cells.map(({ trace }) => trace),
    );
    for (const warning of warnings) world.say(`warning: ${warning}`);
    const startMs = systemClock.nowMs();
    const jobs = jobsOf(options);
    const runs = await runAll(platform, { options, managed, plans, jobs }, world);
    const made = {
      at: new Date(startMs).toISOString(),
      tookSeconds: (systemClock.nowMs() - startMs) / 1000,
      workers: 1,
      command: world.command,
    };
    const invalid = invalidRuns(jobs, runs);
    for (const warning of invalid) world.say(`warning: ${warning}`);
    const result = resultOf({
      options,
      managed,
      jobs,
      runs,
      made,
      warnings: [...warnings, ...invalid],
      ...platform.traceTime,
    });
    await tell(result, options, world);
  } finally {
    await platform.close();
  }
}

/** Read and cut before anything is changed. */
function plansOf({ cells, fromWindow, windows }: LiveOptions, managed: ManagedFunction): Promise<LoadPlan[]> {
  return Promise.all(
    cells.map(({ trace }) =>
      planLoad({ stack: "the platform", format: trace.trace.format, fromWindow, windows, trace: trace.name }, [
        managed,
      ]),
    ),
  );
}

/** For one seed every policy gets the same calls, one policy soon after the other. */
function jobsOf({ cells, seeds, policies }: LiveOptions): RunJob[] {
  return cells.flatMap((_, cell) =>
    seeds.flatMap((seed) => policies.map(({ name }) => ({ cell, policy: name, seed, detail: "windows" as const }))),
  );
}

interface Plan {
  readonly options: LiveOptions;
  readonly managed: ManagedFunction;
  readonly plans: readonly LoadPlan[];
  readonly jobs: readonly RunJob[];
}

async function runAll(platform: LivePlatform, plan: Plan, world: EvaluationWorld): Promise<LiveRun[]> {
  const { options, managed, plans, jobs } = plan;
  const { settleWindows, fromWindow } = options;
  const { timeLapse } = platform.traceTime;
  const total = jobs.reduce((sum, { cell }) => sum + plans[cell]!.windows + settleWindows, 0);
  const minutes = Math.ceil((total * WINDOW_SECONDS) / timeLapse / 60);
  world.say(
    `${jobs.length} replays on '${managed.functionName}', time-lapse ${timeLapse}, about ${minutes} min; its policy '${managed.policy}' comes back at the end`,
  );
  const weights = jobs.map(({ cell }) => plans[cell]!.windows);
  const lent = await lendFunction(platform, managed);
  const bar = startProgress("evaluating live", weights, systemClock, world.progress);
  try {
    const runs: LiveRun[] = [];
    for (const [i, { cell, policy, seed }] of jobs.entries()) {
      const { annotation } = options.policies.find(({ name }) => name === policy)!;
      const timing = { rateScale: options.cells[cell]!.rateScale, seed: String(seed), fromWindow };
      const order = { annotation, plan: plans[cell]!, timing, settleWindows };
      const onWindow = (windows: number) => bar.update(i, windows / plans[cell]!.windows);
      runs.push(await liveRun(platform, lent, order, { signal: world.signal, onWindow }));
    }
    return runs;
  } finally {
    bar.end();
    await lent.giveBack(world.say);
  }
}

interface ResultParts extends Omit<Plan, "plans"> {
  readonly runs: readonly LiveRun[];
  readonly warnings: readonly string[];
  readonly made: EvaluationResult["made"];
  readonly timeLapse: number;
}

function resultOf({ options, managed, jobs, runs, warnings, made, timeLapse }: ResultParts): LiveResult {
  const { cells, policies, seeds } = options;
  const matrix: Matrix = {
    cells: cells.map(({ trace, rateScale }) => ({
      ...{ trace: trace.name, profile: managed.functionName, rateScale },
      ...{ slo: managed.slo, startCostSeconds: managed.startCostSeconds },
    })),
    policies: policies.map(({ name }) => name),
    seeds,
  };
  const totals = runs.map((run) => run.totals);
  const traces = [...new Map(cells.map(({ trace }) => [trace.name, trace])).values()];
  return {
    kind: RESULT_KIND,
    version: 1,
    env: "live",
    timeLapse,
    rows: rowsOf(matrix, jobs, totals),
    cells: matrix.cells.map((name, index) => ({
      ...name,
      calls: totals[jobs.findIndex(({ cell }) => cell === index)]!.calls,
      needed: null,
      maxReplicas: managed.maxReplicas,
      oracle: null,
      foresight: null,
    })),
    policies: policies.map(({ annotation: _annotation, ...policy }) => policy),
    traces: traces.map(summaryOf),
    seeds,
    guard: "on",
    windowSeconds: WINDOW_SECONDS,
    warnings,
    runs: jobs.map(({ cell, policy, seed }, i) => {
      const { totals: ofRun, ...live } = runs[i]!;
      return { ...matrix.cells[cell]!, policy, seed, initialReplicas: null, ...ofRun, ...live };
    }),
    versions: versions(),
    machine: machine(),
    made,
  };
}

/** The same document, with what only a live run has. */
interface LiveResult extends EvaluationResult {
  readonly timeLapse: number;
}

function invalidRuns(jobs: readonly RunJob[], runs: readonly LiveRun[]): string[] {
  return jobs.flatMap(({ policy, seed }, i) => {
    const { invalidBecause } = runs[i]!;
    return invalidBecause === null ? [] : [`the load of '${policy}', seed ${seed}, is not valid: ${invalidBecause}`];
  });
}

async function tell(result: LiveResult, { out, json }: LiveOptions, world: EvaluationWorld): Promise<void> {
  const text = JSON.stringify(result);
  if (out !== null) await writeResultFolder(out, { "results.json": `${text}\n`, "results.csv": csvOf(result) });
  if (json) return world.answer(text);
  for (const line of [...tableOf(result), "", ...decisionLines(result.rows)]) world.say(line);
  if (out !== null) world.say(`${out}: results.json, results.csv`);
}
