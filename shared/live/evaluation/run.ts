/** One policy on one replay, on the running platform: deployed, left to settle, loaded, watched. */
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { toWallMs } from "../../core/trace-time.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import type { BorrowedFunction } from "../borrow-function.ts";
import type { LivePlatform } from "../platform.ts";
import { loadStartMs, startLoad, stopLoad, type LoadPlan, type LoadTiming } from "../load.ts";
import { LiveTally, type Latency, type LiveRun } from "./tally.ts";
import { waitUntil } from "../../core/wait.ts";

/** The policy and the load of one replay. */
export interface LiveOrder {
  /** As the function's annotation takes it. */
  readonly annotation: string;
  readonly plan: LoadPlan;
  readonly timing: Omit<LoadTiming, "startAtMs" | "timeLapse">;
  /** Without load, before it. */
  readonly settleWindows: number;
}

/** After the last window: requests end within their time-out, and the last decision comes. */
const END_WITHIN_MS = 75_000;
const LAST_DECISION_MS = 3_000;

/** Rejects with `InterruptedError` when `signal` aborts; the load is stopped then. */
export async function liveRun(
  platform: LivePlatform,
  borrowed: BorrowedFunction,
  order: LiveOrder,
  { signal, onWindow }: { readonly signal: AbortSignal; readonly onWindow: (windows: number) => void },
): Promise<LiveRun> {
  const { plan, timing, annotation, settleWindows } = order;
  const { bus, traceTime } = platform;
  await borrowed.setPolicy(annotation, signal);
  const edgeMs = loadStartMs(clock.nowMs(), traceTime);
  const startMs = edgeMs + settleWindows * WINDOW_SECONDS * 1_000;
  const untilMs = startMs + plan.windows * WINDOW_SECONDS * 1_000;
  const tally = new LiveTally({ functionName: plan.managed.functionName, fromMs: startMs, untilMs });
  const subscriptions = await Promise.all([
    bus.subscribe("tick", async ({ data }) => tally.onTick(data.tick)),
    bus.subscribe("window", async ({ data }) => {
      if (tally.onWindow(data.window, data.managed.slo)) onWindow(tally.windowCount);
    }),
    bus.subscribe("applied", async ({ data }) => tally.onApplied(data)),
    bus.subscribe("load", async ({ data }) => tally.onLoad(data)),
  ]);
  try {
    const startAtMs = toWallMs(startMs, traceTime);
    const { runId, scheduleDigest } = await startLoad(platform, plan, {
      ...timing,
      timeLapse: traceTime.timeLapse,
      startAtMs,
    });
    try {
      const withinMs = toWallMs(untilMs, traceTime) + END_WITHIN_MS - clock.nowMs();
      const isOver = await waitUntil(() => tally.isOver(runId), { clock, withinMs, signal });
      if (!isOver) throw new Error(tally.whatIsMissing(plan.windows));
    } catch (thrown) {
      await stopLoad(platform, runId).catch(() => {});
      throw thrown;
    }
    const last = { clock, withinMs: LAST_DECISION_MS, everyMs: 20 };
    await waitUntil(() => tally.isDecided() || signal.aborted, last);
    const latency = await latencyOf(platform, runId);
    return { ...tally.result(plan.windows * WINDOW_SECONDS, latency), scheduleDigest };
  } finally {
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  }
}

/** Of all answered requests, from the intended instant: the load generator remembers its last runs. */
async function latencyOf({ gateway }: LivePlatform, runId: string): Promise<Latency> {
  const { status, body } = await gateway.ask("load-generator", { run: runId });
  if (status !== 200) throw new Error(`the load generator forgot run '${runId}': HTTP ${status}`);
  const { result } = JSON.parse(body) as RunAnswer;
  const { p50 = null, p95 = null, p99 = null } = result?.latencySeconds.fromIntended ?? {};
  return { p50Seconds: p50, p95Seconds: p95, p99Seconds: p99 };
}

interface RunAnswer {
  readonly result: {
    readonly latencySeconds: { readonly fromIntended: { p50: number; p95: number; p99: number } | null };
  } | null;
}
