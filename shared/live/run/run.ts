/** A run: the platform, the loop and a load on one machine, followed window by window to its end. */
import { join } from "node:path";

import { shippedModels } from "../../adapters/model-registry/shipped.ts";
import { natsBus } from "../../adapters/nats/nats-bus.ts";
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import type { ModelNews } from "../../core/model.ts";
import { toWallMs, type TraceTime } from "../../core/trace-time.ts";
import { untilAborted, waitUntil } from "../../core/wait.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import { readStack } from "../../deploy/stack.ts";
import type { PromiseReport } from "../../guard/promises.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import { noteRunning } from "../find-platform.ts";
import { followLoad } from "../follow-load.ts";
import { loadStartMs, planLoad, startLoad, stopLoad, type LoadPlan, type StartedLoad } from "../load.ts";
import { annotationOf, checkModels, managedFunctions } from "../managed.ts";
import type { RunningStack, StackOptions, StartStack } from "../stack.ts";
import { defaultRuleOutcome, type DefaultRuleOutcome } from "./default-rule.ts";
import type { LiveRunOptions } from "./options.ts";
import { recordPromises } from "./promises.ts";
import { RunRecord, type RunTotals, type WindowRow } from "./record.ts";
import { resetRollbacks, TRAINER, trainerOf } from "./reset-rollbacks.ts";

/** What a run uses of the machine, and who is informed. */
export interface RunWorld extends Pick<StackOptions, "home" | "dist" | "env"> {
  readonly startStack: StartStack;
  /** A line for people: what goes on, and what the platform logs where that was asked for. */
  readonly say: (line: string) => void;
  /** Aborts on Ctrl-C or SIGTERM: the run ends, and is reported as far as it went. */
  readonly signal: AbortSignal;
}

/** A run whose input was read and checked; nothing has started. */
export interface RunPlan {
  readonly options: LiveRunOptions;
  readonly managed: readonly ManagedFunction[];
  readonly load: LoadPlan | null;
}

/** A run whose platform is up. */
export interface StartedRun {
  readonly plan: RunPlan;
  readonly stack: RunningStack;
  readonly bus: EventBus;
  readonly traceTime: TraceTime;
  readonly signal: AbortSignal;
  /** Stops everything; no process is left. */
  close(): Promise<void>;
}

/** What a run reports while it goes on. */
export interface RunObserver {
  /** A window with the decision on it, or as it is where none came in time; in order. */
  onWindow(row: WindowRow): void;
  onModel(news: ModelNews): void;
  onLoad(load: StartedLoad, plan: LoadPlan, windows: number | null): void;
  /** The run goes on, and one sentence says what is not well. */
  onProblem(sentence: string): void;
  /** The same of what a person must know however little is printed: no window comes, or a load cannot be stopped. */
  onAlarm(sentence: string): void;
}

/** The result of a run. */
export interface RunOutcome {
  readonly timeLapse: number;
  readonly windows: readonly WindowRow[];
  readonly totals: RunTotals;
  /** Null without a load, and where too little is known of it. */
  readonly defaultRule: DefaultRuleOutcome | null;
  /** Null where they were not checked. */
  readonly promises: PromiseReport | null;
}

/** How long a load waits for the loop's first proposal: at time-lapse 10 three windows, in real time not even one. */
const FIRST_PROPOSAL_MS = 10_000;
/** How long a decision on the last window may take to arrive. */
const LAST_DECISION_MS = 3_000;
/** How long after its last window a load may take to report: its requests' own time-out and a little. */
const LOAD_END_MS = 75_000;

/** Reads stack, models and trace before anything starts, so that a bad file costs nothing. Throws `BadInputError`. */
export async function planRun(given: LiveRunOptions, { dist, env }: Pick<RunWorld, "dist" | "env">): Promise<RunPlan> {
  const policy = given.policy && annotationOf(given.policy);
  const options = { ...given, policy };
  const functions = readStack(options.stack, { ...env, ...(policy === null ? {} : { REPLICANT_POLICY: policy }) });
  const managed = managedFunctions(functions, options.stack);
  await checkModels(managed, shippedModels(join(dist, "functions", "policy-inference", "models")));
  const { trace } = options;
  return { options, managed, load: trace === null ? null : await planLoad({ ...options, trace }, managed) };
}

/** Starts the platform and notes it in its home. Rejects with `BadInputError`; nothing is left running then. */
export async function startRun(plan: RunPlan, world: RunWorld): Promise<StartedRun> {
  const { options } = plan;
  const { home, dist, env, signal } = world;
  const traceTime = { timeLapse: options.timeLapse, epochMs: clock.nowMs() };
  const log = options.verbose ? world.say : () => {};
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const stack = await world.startStack({ ...options, ...traceTime, home, dist, env, signal, clock, log });
    closers.push(() => stack.close());
    const { url } = stack.platform;
    closers.push(await noteRunning(home, { url, platformUrl: url, variables: stack.variables }));
    const bus = await natsBus({ ...stack.busAccess.as("cli"), name: "replicant-up", log });
    closers.push(() => bus.close());
    return { plan, stack, bus, traceTime, signal, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Sends the load and follows the run to its end; without a load, until the signal aborts. */
export async function followRun(run: StartedRun, observer: RunObserver): Promise<RunOutcome> {
  const { plan, stack, bus, traceTime, signal } = run;
  const { options } = plan;
  const promises = options.verify ? await recordPromises(bus, stack.functions) : null;
  await loopDecides(run, observer);
  const startMs = loadStartMs(clock.nowMs(), traceTime);
  const windows = options.windows ?? plan.load?.windows ?? null;
  const record = new RunRecord({
    functionName: plan.load?.managed.functionName ?? null,
    fromMs: startMs,
    untilMs: windows === null ? Infinity : startMs + windows * WINDOW_SECONDS * 1_000,
  });
  const report = rowReporter(record, observer);
  let seen = 0;
  let lastWindowAtMs = clock.nowMs();
  const ended = new AbortController();
  const stop = () => ended.abort();
  const done = AbortSignal.any([signal, ended.signal]);
  await bus.subscribe("tick", async ({ data }) => record.onTick(data.tick));
  await bus.subscribe("window", async ({ data }) => {
    lastWindowAtMs = clock.nowMs();
    if (!record.onWindow(data.window, data.managed.slo)) return;
    report(false);
    if (++seen === windows) stop();
  });
  await bus.subscribe("applied", async ({ data }) => {
    record.onApplied(data);
    report(false);
  });
  await bus.subscribe("model", async ({ id, data }) => {
    if (record.onModel(data, id)) observer.onModel(data);
  });
  await bus.subscribe("load", async ({ data }) => record.onLoad(data));

  const load =
    plan.load && (await startLoad(stack, plan.load, { ...options, startAtMs: toWallMs(startMs, traceTime) }));
  if (load !== null) {
    observer.onLoad(load, plan.load!, windows);
    void followLoad({ gateway: stack.gateway, runId: load.runId, clock, signal: done }).then((lost) => {
      if (lost === null) return;
      record.loseLoad(load, lost);
      observer.onProblem(lost);
      stop();
    });
  }
  void reportSilence(() => lastWindowAtMs, traceTime.timeLapse, done, observer);
  await untilAborted(done);
  if (load !== null) {
    if (signal.aborted)
      await stopLoad(stack, load.runId).catch((thrown: unknown) => observer.onAlarm(messageOf(thrown)));
    await waitUntil(() => record.load?.phase === "finished", { clock, withinMs: LOAD_END_MS });
  }
  await waitUntil(() => record.isAllDecided(), { clock, withinMs: LAST_DECISION_MS });
  report(true);
  const totals = record.totals();
  const judged = promises?.() ?? null;
  // Where the load did not report its own share, there is nothing to compare the rule's with.
  const defaultRule =
    plan.load === null || totals.sloViolationShare === null
      ? null
      : await defaultRuleOutcome({ ...options, plan: plan.load, windows: record.windows() });
  return { timeLapse: options.timeLapse, windows: record.rows(), totals, defaultRule, promises: judged };
}

/** Before the first window: a named model starts without the rollbacks of earlier runs, and the loop has begun to propose. */
async function loopDecides({ plan, stack, bus, signal }: StartedRun, observer: RunObserver): Promise<void> {
  const { options, managed, load } = plan;
  const hasTrainer = stack.functions.some(({ name }) => name === TRAINER);
  const reset = options.policy === null || !hasTrainer ? [] : resetRollbacks(trainerOf(stack), managed, clock, signal);
  if (load !== null || options.policy !== null) await firstProposal(bus, signal);
  for (const problem of await reset) observer.onProblem(problem);
}

/** A loop that has begun to propose shows the policy's decisions from the load's first window on. */
async function firstProposal(bus: EventBus, signal: AbortSignal): Promise<void> {
  let isProposed = false;
  const subscription = await bus.subscribe("proposal", async () => void (isProposed = true));
  await waitUntil(() => isProposed || signal.aborted, { clock, withinMs: FIRST_PROPOSAL_MS });
  await subscription.close();
}

/** Reports rows in order, each once: a row waits for its decision until the next window, at most. */
function rowReporter(record: RunRecord, { onWindow }: RunObserver): (all: boolean) => void {
  let reported = 0;
  return (all) => {
    const rows = record.rows();
    for (; reported < rows.length; reported++) {
      const row = rows[reported]!;
      if (!all && reported === rows.length - 1 && !record.isDecided(row)) return;
      onWindow(row);
    }
  };
}

/** Says once in a while that no window comes: without windows there are no decisions, and a person should know. */
async function reportSilence(
  lastWindowAtMs: () => number,
  timeLapse: number,
  signal: AbortSignal,
  { onAlarm }: RunObserver,
): Promise<void> {
  const patienceMs = (2.5 * WINDOW_SECONDS * 1_000) / timeLapse + 5_000;
  let saidAtMs = -Infinity;
  while (!signal.aborted) {
    await clock.sleep(1_000, signal);
    const silentMs = clock.nowMs() - Math.max(lastWindowAtMs(), saidAtMs);
    if (signal.aborted || silentMs < patienceMs) continue;
    saidAtMs = clock.nowMs();
    const seconds = Math.round((saidAtMs - lastWindowAtMs()) / 1_000);
    onAlarm(`no window has come for ${seconds} s; 'replicant status' shows which part is not well`);
  }
}
