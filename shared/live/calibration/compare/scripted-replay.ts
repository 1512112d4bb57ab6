/** Scripted replays on the live platform: load through the real gateway, windows from the real collector, counts from a script. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { natsBus } from "../../../adapters/nats/nats-bus.ts";
import { openfaasScaleTarget } from "../../../adapters/openfaas/scale-target.ts";
import { systemClock as clock } from "../../../adapters/system-clock.ts";
import type { LoadReport } from "../../../core/load.ts";
import { toWallMs } from "../../../core/trace-time.ts";
import { type MetricsWindow, WINDOW_SECONDS } from "../../../core/window.ts";
import type { EventBus } from "../../../ports/event-bus.ts";
import type { ScaleTarget } from "../../../ports/scale-target.ts";
import type { ComparedWindow } from "../../../sim/calibration/comparison.ts";
import { loadStartMs, startLoad, stopLoad, type LoadPlan } from "../../load.ts";
import type { RunningStack } from "../../stack.ts";
import type { CalibrateWorld } from "../calibrate.ts";
import type { CalibrateOptions, CompareOptions } from "../options.ts";
import { NAMESPACE } from "../place.ts";
import { writeStackLike } from "../../../deploy/stack-file.ts";
import { waitUntil } from "../../../core/wait.ts";

/** A load, and the replica count to set for each of its windows. */
export interface ScriptedRun {
  readonly plan: LoadPlan;
  readonly fromWindow: number;
  readonly counts: readonly number[];
}

/** What the collector measured in a scripted replay. */
export interface ScriptedResult {
  readonly windows: readonly ComparedWindow[];
  readonly scheduleDigest: string;
  /** Null when the load kept its schedule. */
  readonly invalidBecause: string | null;
}

/** The platform and the load of scripted replays. */
export type ScriptedOptions = Pick<CalibrateOptions, "stack" | "timeLapse" | "verbose"> &
  Pick<CompareOptions, "rateScale" | "seed">;

/** What a scripted replay needs beside the function: who measures and who calls. Nobody decides. */
const PARTS = ["load-generator", "metrics-collector"] as const;
const READY_WITHIN_MS = 60_000;
/** After the last window: what is still in flight ends, and the load says so. */
const END_WITHIN_MS = 75_000;

/** One stack for all runs, one run after the other; nothing is left of it. */
export async function scriptedReplays(
  runs: readonly ScriptedRun[],
  options: ScriptedOptions,
  world: CalibrateWorld,
): Promise<ScriptedResult[]> {
  const home = await mkdtemp(join(tmpdir(), "replicant-compare-"));
  try {
    const { functionName } = runs[0]!.plan.managed;
    const stackFile = join(home, "stack.yml");
    await writeStackLike(options.stack, stackFile, {
      keep: [functionName, ...PARTS],
      annotate: { functionName, annotations: { "replicant.mode": "off" } },
    });
    const epochMs = clock.nowMs();
    const stack = await world.startStack({
      ...{ home, dist: world.dist, env: world.env, signal: world.signal, clock, epochMs },
      ...{ port: 0, profile: "open", stack: stackFile, policy: null, timeLapse: options.timeLapse },
      log: options.verbose ? world.say : () => {},
    });
    try {
      const bus = await natsBus({ ...stack.busAccess.as("cli"), name: "replicant-compare" });
      try {
        const results: ScriptedResult[] = [];
        for (const run of runs) results.push(await replay(stack, bus, { run, options, epochMs, signal: world.signal }));
        return results;
      } finally {
        await bus.close();
      }
    } finally {
      await stack.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Replay {
  readonly run: ScriptedRun;
  readonly options: ScriptedOptions;
  readonly epochMs: number;
  readonly signal: AbortSignal;
}

async function replay(
  stack: RunningStack,
  bus: EventBus,
  { run, options, epochMs, signal }: Replay,
): Promise<ScriptedResult> {
  const { plan, counts } = run;
  const { functionName } = plan.managed;
  const { timeLapse } = options;
  const traceTime = { timeLapse, epochMs };
  const { url, user, password } = stack.platform;
  const target = openfaasScaleTarget({ url, user, password });
  await target.scale(functionName, NAMESPACE, counts[0]!);
  await until(() => isAt(target, functionName, counts[0]!), READY_WITHIN_MS, `${counts[0]} replicas`, signal);

  const startMs = loadStartMs(clock.nowMs(), traceTime);
  const indexOf = (endedAtMs: number) => Math.round((endedAtMs - startMs) / (WINDOW_SECONDS * 1_000));
  const seen = new Map<number, MetricsWindow>();
  const loads: LoadReport[] = [];
  const subscriptions = [
    await bus.subscribe("window", async ({ data: { window } }) => {
      const ended = indexOf(window.endedAtMs);
      if (window.functionName !== functionName || ended < 1 || ended > plan.windows) return;
      seen.set(ended - 1, window);
      if (ended < plan.windows) await target.scale(functionName, NAMESPACE, counts[ended]!);
    }),
    await bus.subscribe("load", async ({ data }) => void loads.push(data)),
  ];
  try {
    const timing = { ...options, fromWindow: run.fromWindow, startAtMs: toWallMs(startMs, traceTime) };
    const { runId, scheduleDigest } = await startLoad(stack, plan, timing);
    const finished = () => loads.find((report) => report.runId === runId && report.phase === "finished");
    try {
      const lastsMs =
        toWallMs(startMs, traceTime) - clock.nowMs() + (plan.windows * WINDOW_SECONDS * 1_000) / timeLapse;
      await until(async () => finished() !== undefined, lastsMs + END_WITHIN_MS, "the replay's end", signal);
    } catch (thrown) {
      await stopLoad(stack, runId).catch(() => {});
      throw thrown;
    }
    const ofRun = loads.filter((report) => report.runId === runId);
    return { windows: joined(plan.windows, seen, ofRun), scheduleDigest, invalidBecause: finished()!.invalidBecause };
  } finally {
    for (const subscription of subscriptions) await subscription.close();
  }
}

async function isAt(target: ScaleTarget, functionName: string, count: number): Promise<boolean> {
  return (await target.read(functionName, NAMESPACE)).availableReplicas === count;
}

/** The collector's window beside the load generator's: callers know latency best, and in finer steps than a histogram has. */
function joined(
  count: number,
  seen: ReadonlyMap<number, MetricsWindow>,
  loads: readonly LoadReport[],
): ComparedWindow[] {
  const called = new Map(loads.flatMap(({ window }) => (window === null ? [] : [[window.index, window] as const])));
  return Array.from({ length: count }, (_, index) => {
    const window = seen.get(index);
    return {
      throughputRps: window?.throughputRps ?? null,
      // The last window of a replay takes all that ends later, which is no window's latency.
      p95Seconds: index === count - 1 ? null : (called.get(index)?.p95Seconds ?? null),
      cpuRatio: window?.cpuRatio ?? null,
      readyReplicas: window?.availableReplicas ?? null,
    };
  });
}

async function until(
  condition: () => Promise<boolean>,
  withinMs: number,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  if (await waitUntil(condition, { clock, withinMs, signal })) return;
  throw new Error(`${what} did not come within ${Math.round(withinMs / 1_000)} s`);
}
