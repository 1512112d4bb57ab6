/** The load to learn on: excerpts of the traces, replayed one after the other by the load generator for as long as it takes. */
import type { Clock } from "../../core/clock.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { toWallMs } from "../../core/trace-time.ts";
import { traceSeconds } from "../../traces/trace.ts";
import type { TrainingTrace } from "../../traces/training-loads.ts";
import type { LivePlatform } from "../platform.ts";
import { loadStartMs, planLoad, startLoad, stopLoad, type LoadPlan } from "../load.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";

/** A load that runs until it is stopped. */
export interface LiveLoad {
  /** Ends the replay that runs. */
  stop(): Promise<void>;
}

/** The traces of a load and the platform that replays them. */
export interface LiveLoadOptions {
  readonly platform: LivePlatform;
  readonly managed: ManagedFunction;
  /** By name as on the command line, with their rate scales. */
  readonly traces: readonly (TrainingTrace & { readonly name: string })[];
  readonly seed: string;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Hears why there is no load any more. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Two hours: long enough for a load's shape, short enough to meet every trace. */
const EXCERPT_WINDOWS = 240;

/** Resolves when the first replay is planned. Rejects with `BadInputError` when it cannot be, another one runs for instance. */
export async function startLiveLoad(options: LiveLoadOptions): Promise<LiveLoad> {
  const { platform, clock, say, onFailure } = options;
  let runId: string | null = null;
  let isOver = false;
  let turn = 0;

  async function next(): Promise<void> {
    const { plan, fromWindow, rateScale } = await excerptOf(options, turn);
    const { traceTime } = platform;
    const startMs = loadStartMs(clock.nowMs(), traceTime);
    const seed = `${options.seed}/live/${turn++}`;
    const timing = { rateScale, timeLapse: traceTime.timeLapse, seed, fromWindow };
    const started = await startLoad(platform, plan, { ...timing, startAtMs: toWallMs(startMs, traceTime) });
    runId = started.runId;
    say(`load: ${plan.name} from window ${fromWindow}, ${plan.windows} windows, ${started.scheduled} requests`);
  }

  const subscription = await platform.bus.subscribe("load", async ({ data }) => {
    if (data.runId !== runId || data.phase !== "finished" || isOver) return;
    if (data.valid === false) say(`warning: the load kept its schedule badly: ${data.invalidBecause}`);
    await next().catch(onFailure);
  });
  const stop = async () => {
    isOver = true;
    if (runId !== null) await stopLoad(platform, runId).catch(() => {});
    await subscription.close();
  };
  try {
    await next();
  } catch (thrown) {
    await subscription.close();
    throw thrown;
  }
  return { stop };
}

interface Excerpt {
  readonly plan: LoadPlan;
  readonly fromWindow: number;
  readonly rateScale: number;
}

/** All traces in turn, each from where it was left. */
async function excerptOf({ traces, managed }: LiveLoadOptions, turn: number): Promise<Excerpt> {
  const { trace, name, rateScale } = traces[turn % traces.length]!;
  const length = Math.max(1, Math.ceil(traceSeconds(trace) / WINDOW_SECONDS));
  const excerpts = Math.ceil(length / EXCERPT_WINDOWS);
  const fromWindow = (Math.floor(turn / traces.length) % excerpts) * EXCERPT_WINDOWS;
  const asked = { stack: "the platform", format: trace.format, fromWindow, windows: EXCERPT_WINDOWS, trace: name };
  return { plan: await planLoad(asked, [managed]), fromWindow, rateScale };
}
