/** Policies side by side on the running platform, one replay after the other. */
import { resolve } from "node:path";

import { BadInputError } from "../../core/errors.ts";
import { FOLLOWS } from "../../core/model.ts";
import { startProgress } from "../../core/progress.ts";
import { isBoundName } from "../../evaluation/knowing.ts";
import { HELD, heldName } from "../../policies/held-model.ts";
import { policyReference } from "../../policies/reference.ts";
import { isFolder } from "../if-there.ts";
import { annotationOf } from "../managed.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { jobsOf, type Matrix, type RunJob } from "../../evaluation/matrix.ts";
import { rowsOf } from "../../evaluation/rows.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import { borrowFunction } from "../borrow-function.ts";
import { managedOn, openPlatform, type LivePlatform } from "../platform.ts";
import { planLoad, type LoadPlan } from "../load.ts";
import { machine, versions } from "../../evaluation/files/machine.ts";
import { overlapWarnings, type NamedPolicy } from "../../evaluation/files/policies.ts";
import type { EvaluationWorld } from "../../evaluation/pool/run-matrix.ts";
import { RESULT_KIND, type EvaluationResult } from "../../evaluation/results/result.ts";
import { summaryOf, type NamedTrace } from "../../evaluation/files/traces.ts";
import { liveRun } from "./run.ts";
import type { LiveRun } from "./tally.ts";

/** Traces, policies and seeds: each combination is one replay. */
export interface LiveEvaluationOptions {
  readonly cells: readonly { readonly trace: NamedTrace; readonly rateScale: number }[];
  readonly policies: readonly NamedPolicy[];
  readonly seeds: readonly number[];
  /** Null: the first that is managed. */
  readonly functionName: string | null;
  /** Windows of each trace that are skipped. */
  readonly fromWindow: number;
  /** Of each replay. */
  readonly windows: number;
  /** Windows without load before each replay. */
  readonly settleWindows: number;
}

/** A scale-down waits for 90 s and then halves a count each 30 s: by then a policy is at what it makes of idleness. */
export const DEFAULT_SETTLE_WINDOWS = 8;

/** What a live evaluation needs of the world. */
export interface LiveEvaluationWorld extends Omit<EvaluationWorld, "workerScript" | "modelsFolder"> {
  /** The home of the platform. */
  readonly home: string;
}

interface LiveOptions extends LiveEvaluationOptions {
  readonly policies: readonly LivePolicy[];
}

/** Throws `BadInputError` before anything is changed, `InterruptedError` when the person ends it. */
export async function evaluateLive(given: LiveEvaluationOptions, world: LiveEvaluationWorld): Promise<LiveResult> {
  const options: LiveOptions = { ...given, policies: given.policies.map(livePolicy) };
  const platform = await openPlatform(world.home, "cli", world.say);
  try {
    const managed = await managedOn(platform, options.functionName);
    const plans = await plansOf(options, managed);
    const traces = options.cells.map(({ trace }) => trace);
    const warnings = overlapWarnings(options.policies, traces);
    for (const warning of warnings) world.say(`warning: ${warning}`);
    const startMs = systemClock.nowMs();
    // For one seed every policy gets the same calls, one policy soon after the other.
    const jobs = jobsOf({ ...options, policies: options.policies.map(({ name }) => name) }, () => "windows");
    const runs = await runAll(platform, { options, managed, plans, jobs }, world);
    const invalid = invalidRuns(jobs, runs);
    for (const warning of invalid) world.say(`warning: ${warning}`);
    const made = {
      at: new Date(startMs).toISOString(),
      tookSeconds: (systemClock.nowMs() - startMs) / 1000,
      workers: 1,
      command: world.command,
    };
    const parts = { options, managed, jobs, runs, made, warnings: [...warnings, ...invalid] };
    return resultOf({ ...parts, ...platform.traceTime });
  } finally {
    await platform.close();
  }
}

interface LivePolicy extends NamedPolicy {
  /** As the function's annotation takes it. */
  readonly annotation: string;
}

/** A folder is the checkpoint in it, and stays it. Throws `BadInputError` for a policy that the live loop cannot run. */
function livePolicy(named: NamedPolicy): LivePolicy {
  const { name } = named;
  const refuse = (because: string) => new BadInputError(`policy '${name}' cannot run live: ${because}`);
  if (name.endsWith("@bare")) throw refuse("the live loop has no way around the guard");
  if (name.endsWith("@sampled")) throw refuse("a model in service takes the likeliest action, it does not draw");
  if (isBoundName(name)) throw refuse("the arrivals are not known beforehand");
  const plain = name.replace(/@30s$/, "");
  const { model, isHeld } = heldName(plain);
  const annotation = isFolder(model)
    ? `${resolve(model)}${isHeld ? HELD : ""}`
    : plain.startsWith(FOLLOWS)
      ? annotationOf(plain)
      : plain;
  policyReference(annotation);
  return { ...named, annotation };
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

interface Plan {
  readonly options: LiveOptions;
  readonly managed: ManagedFunction;
  readonly plans: readonly LoadPlan[];
  readonly jobs: readonly RunJob[];
}

async function runAll(platform: LivePlatform, plan: Plan, world: LiveEvaluationWorld): Promise<LiveRun[]> {
  const { options, managed, plans, jobs } = plan;
  const { settleWindows, fromWindow } = options;
  const { timeLapse } = platform.traceTime;
  const total = jobs.reduce((sum, { cell }) => sum + plans[cell]!.windows + settleWindows, 0);
  const minutes = Math.ceil((total * WINDOW_SECONDS) / timeLapse / 60);
  world.say(
    `${jobs.length} replays on '${managed.functionName}', time-lapse ${timeLapse}, about ${minutes} min; its policy '${managed.policy}' comes back at the end`,
  );
  const weights = jobs.map(({ cell }) => plans[cell]!.windows);
  const borrowed = await borrowFunction(platform, managed);
  const bar = startProgress("evaluating live", weights, systemClock, world.progress);
  try {
    const runs: LiveRun[] = [];
    for (const [i, { cell, policy, seed }] of jobs.entries()) {
      const { annotation } = options.policies.find(({ name }) => name === policy)!;
      const timing = { rateScale: options.cells[cell]!.rateScale, seed: String(seed), fromWindow };
      const order = { annotation, plan: plans[cell]!, timing, settleWindows };
      const onWindow = (windows: number) => bar.update(i, windows / plans[cell]!.windows);
      runs.push(await liveRun(platform, borrowed, order, { signal: world.signal, onWindow }));
    }
    return runs;
  } finally {
    bar.end();
    await borrowed.giveBack(world.say);
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
export interface LiveResult extends EvaluationResult {
  readonly timeLapse: number;
}

function invalidRuns(jobs: readonly RunJob[], runs: readonly LiveRun[]): string[] {
  return jobs.flatMap(({ policy, seed }, i) => {
    const { invalidBecause } = runs[i]!;
    return invalidBecause === null ? [] : [`the load of '${policy}', seed ${seed}, is not valid: ${invalidBecause}`];
  });
}
