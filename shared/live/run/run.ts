/** `replicant up`: the platform, the loop and a load on one machine; a line a window; a summary at the end. */
import { join, resolve } from "node:path";

import { shippedModels } from "../../adapters/model-registry/shipped.ts";
import { natsBus } from "../../adapters/nats/nats-bus.ts";
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { toWallMs } from "../../core/trace-time.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import { noteRunning } from "../find-platform.ts";
import { isFolder } from "../is-folder.ts";
import { readStack } from "../../deploy/stack.ts";
import { defaultRuleLine, defaultRuleOutcome } from "./default-rule.ts";
import { followLoad } from "../follow-load.ts";
import { greeting } from "../../../services/cli/up/greeting.ts";
import { loadStartMs, planLoad, startLoad, stopLoad, WINDOW_SECONDS, type LoadPlan } from "../load.ts";
import { startLocalStack, type LocalStack } from "../../../services/local-openfaas/start/local-stack.ts";
import { annotationOf, beyondProfile, checkModels, managedFunctions, policyLines } from "../managed.ts";
import { readUpFlags, type UpFlags, type UpOptions } from "../../../services/cli/up/options.ts";
import { HEADER, lineOf, newsLine, summaryOf } from "../../../services/cli/up/print.ts";
import { isKept, promiseLines, recordPromises } from "./promises.ts";
import { RunRecord } from "./record.ts";
import { liftVerdicts, TRAINER, trainerOf } from "./reset-rollbacks.ts";

export interface UpWorld {
  readonly home: string;
  readonly dist: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines for people. */
  readonly say: (line: string) => void;
  /** The one JSON document. */
  readonly answer: (json: string) => void;
  readonly columns: () => number;
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** How long a load waits for the loop's first proposal: at time-lapse 10 three windows, in real time not even one. */
const FIRST_PROPOSAL_MS = 10_000;
/** How long a decision on the last window may take to arrive. */
const LAST_DECISION_MS = 3_000;
/** How long after its last window a load may take to report: its requests' own time-out and a little. */
const LOAD_END_MS = 75_000;

export async function up(flags: UpFlags, world: UpWorld): Promise<void> {
  const given = readUpFlags(flags);
  const models = shippedModels(join(world.dist, "functions", "policy-inference", "models"));
  const policy = given.policy && annotationOf(given.policy, isFolder);
  const options = { ...given, policy };
  // Stack and trace are read before anything starts, so that a bad file costs nothing.
  const functions = readStack(options.stack, {
    ...world.env,
    ...(options.policy === null ? {} : { REPLICANT_POLICY: options.policy }),
  });
  const managed = managedFunctions(functions, options.stack);
  await checkModels(managed, models);
  const plan = options.trace === null ? null : await planLoad({ ...options, trace: options.trace }, managed);
  const epochMs = clock.nowMs();
  const log = options.verbose ? world.say : () => {};
  if (!options.json) world.say("starting the platform and the loop …");
  const stack = await startLocalStack({ ...options, ...world, epochMs, clock, log });
  const { url } = stack.platform;
  let forget = async () => {};
  try {
    forget = await noteRunning(world.home, { url, platformUrl: url, variables: stack.variables });
    if (!options.json) {
      for (const line of greeting(stack, resolve(world.home))) world.say(line);
      world.say(`functions ${stack.functions.map(({ name }) => name).join(", ")}`);
      for (const line of policyLines(managed)) world.say(line);
      for (const sentence of beyondProfile(managed, options.profile)) world.say(sentence);
    }
    const bus = await natsBus({ ...stack.busAccess.as("cli"), name: "replicant-up", log });
    try {
      await watch(stack, bus, { options, plan, managed, epochMs, world });
    } finally {
      await bus.close();
    }
  } finally {
    if (!options.json) world.say("stopping …");
    await forget();
    await stack.close();
  }
}

interface Run {
  readonly options: UpOptions;
  readonly plan: LoadPlan | null;
  readonly managed: readonly ManagedFunction[];
  readonly epochMs: number;
  readonly world: UpWorld;
}

async function watch(stack: LocalStack, bus: EventBus, run: Run): Promise<void> {
  const { options, plan, managed, epochMs, world } = run;
  const say = options.json ? () => {} : world.say;
  const promises = options.verify ? await recordPromises(bus, stack.functions) : null;
  const hasTrainer = stack.functions.some(({ name }) => name === TRAINER);
  // Before the first window: the run begins with its own chance, whatever a run before it has brought.
  const lifted =
    options.policy === null || !hasTrainer ? [] : liftVerdicts(trainerOf(stack), managed, clock, world.signal);
  if (plan !== null || options.policy !== null) await firstProposal(bus, world.signal);
  for (const problem of await lifted) say(problem);
  const traceTime = { timeLapse: options.timeLapse, epochMs };
  const startMs = loadStartMs(clock.nowMs(), traceTime);
  const windows = options.windows ?? plan?.windows ?? null;
  const record = new RunRecord({
    functionName: plan?.managed.functionName ?? null,
    fromMs: startMs,
    untilMs: windows === null ? Infinity : startMs + windows * WINDOW_SECONDS * 1_000,
  });

  let printed = 0;
  const print = (all: boolean) => {
    if (options.json) return;
    const rows = record.rows();
    for (; printed < rows.length; printed++) {
      const row = rows[printed]!;
      // A row waits for its decision until the next window, at most.
      const settled = all || printed < rows.length - 1 || record.isDecided(row);
      if (!settled) return;
      if (printed % 20 === 0) world.say(HEADER);
      world.say(lineOf(row, world.columns()));
    }
  };

  let seen = 0;
  let lastWindowAtMs = clock.nowMs();
  const done = new AbortController();
  const stop = () => done.abort();
  world.signal.addEventListener("abort", stop, { once: true });
  if (world.signal.aborted) stop();
  await bus.subscribe("tick", async ({ data }) => record.onTick(data.tick));
  await bus.subscribe("window", async ({ data }) => {
    lastWindowAtMs = clock.nowMs();
    if (!record.onWindow(data.window, data.managed.slo)) return;
    print(false);
    if (++seen === windows) stop();
  });
  await bus.subscribe("applied", async ({ data }) => {
    record.onApplied(data);
    print(false);
  });
  await bus.subscribe("model", async ({ id, data }) => {
    if (record.onModel(data, id) && !options.json) world.say(newsLine(data, world.columns()));
  });
  await bus.subscribe("load", async ({ data }) => record.onLoad(data));

  const load =
    plan === null ? null : await startLoad(stack, plan, { ...options, startAtMs: toWallMs(startMs, traceTime) });
  if (load && !options.json) {
    world.say(
      `replaying ${plan!.name}: ${load.scheduled} requests in ${windows} windows, schedule ${load.scheduleDigest.slice(0, 12)}`,
    );
  }
  if (load) {
    void followLoad({ gateway: stack.gateway, runId: load.runId, clock, signal: done.signal }).then((lost) => {
      if (lost === null) return;
      record.loseLoad(load, lost);
      if (!options.json) world.say(lost);
      stop();
    });
  }
  void missWindows(() => lastWindowAtMs, traceTime.timeLapse, done.signal, world.say);
  await untilAborted(done.signal);

  if (load) {
    if (world.signal.aborted)
      await stopLoad(stack, load.runId).catch((thrown: unknown) => world.say(messageOf(thrown)));
    await until(() => record.load?.phase === "finished", LOAD_END_MS);
  }
  await until(() => record.rows().every((row) => record.isDecided(row)), LAST_DECISION_MS);
  print(true);
  const rows = record.rows();
  const totals = record.totals();
  const report = promises?.() ?? null;
  if (!options.json) world.say(summaryOf(rows, totals));
  // Where the load did not tell its own share, there is nothing to hold the rule's against.
  const defaultRule =
    plan === null || totals.sloViolationShare === null
      ? null
      : await defaultRuleOutcome({ ...options, plan, windows: record.windows() });
  if (options.json) {
    const { timeLapse } = options;
    world.answer(
      JSON.stringify({ timeLapse, windows: rows, totals, defaultRule, ...(report && { promises: report }) }),
    );
  } else {
    if (defaultRule) world.say(defaultRuleLine(defaultRule, plan!.managed.slo, totals.replicaSeconds));
    if (report) for (const line of promiseLines(report)) world.say(line);
  }
  if (report && !isKept(report)) process.exitCode = 1;
  if (load && totals.valid === false && !world.signal.aborted) {
    process.exitCode = 1;
  }
}

/** A loop that has begun to propose shows the policy's decisions from the load's first window on. */
async function firstProposal(bus: EventBus, signal: AbortSignal): Promise<void> {
  let heard = false;
  const subscription = await bus.subscribe("proposal", async () => void (heard = true));
  await until(() => heard || signal.aborted, FIRST_PROPOSAL_MS);
  await subscription.close();
}

/** Says once in a while that the loop is silent: without windows there are no decisions, and a person should know. */
async function missWindows(
  lastWindowAtMs: () => number,
  timeLapse: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const patienceMs = (2.5 * WINDOW_SECONDS * 1_000) / timeLapse + 5_000;
  let saidAtMs = -Infinity;
  while (!signal.aborted) {
    await clock.sleep(1_000, signal);
    const silentMs = clock.nowMs() - Math.max(lastWindowAtMs(), saidAtMs);
    if (signal.aborted || silentMs < patienceMs) continue;
    saidAtMs = clock.nowMs();
    const seconds = Math.round((saidAtMs - lastWindowAtMs()) / 1_000);
    say(`no window has come for ${seconds} s; 'replicant status' tells which part is not well`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while (!condition() && clock.nowMs() < deadlineMs) await clock.sleep(50);
}
