/** Loads to learn on: excerpts of traces and made-up shapes, measured in the replicas that they need. */
import type { Random } from "../core/random.ts";
import { planSchedule, type Schedule } from "./schedule.ts";
import { traceSeconds, type Trace } from "./trace.ts";
import { WINDOW_SECONDS } from "../core/window.ts";

/** Which load an episode of training needs. */
export interface LoadAsk {
  readonly random: Random;
  readonly seconds: number;
  /** Requests per second that one replica carries at its target utilisation. */
  readonly rpsPerReplica: number;
  /** Spread of the work, std ÷ mean. */
  readonly workCv: number;
}

/** Makes the schedule of one episode. */
export type TrainingLoad = (ask: LoadAsk) => Schedule;

/** Mean need of an episode, replicas; drawn evenly on the logarithmic scale. */
const MEAN_REPLICAS = [0.3, 8] as const;
/** Loads are lowered until their peak needs no more than this. */
const MAX_REPLICAS = 20;

/** A recorded load, and what its rates are multiplied by when they are taken as they are. */
export interface TrainingTrace {
  readonly trace: Trace;
  readonly rateScale: number;
}

/** Excerpts of the traces as they are, times their rate scales; a trace is drawn as often as any other. */
export function plainTraceLoad(traces: readonly TrainingTrace[]): TrainingLoad {
  return (ask) => {
    const { trace, rateScale } = traces[ask.random.integer(traces.length)]!;
    const toReplicas = rateScale / (WINDOW_SECONDS * ask.rpsPerReplica);
    return planned(
      excerptOf(trace, ask).map((count) => count * toReplicas),
      ask,
    );
  };
}

/** Excerpts of the traces, each scaled to a need of its own: the agent is to know shapes, not rates. */
export function scaledTraceLoad(traces: readonly TrainingTrace[]): TrainingLoad {
  return (ask) => {
    const { trace } = traces[ask.random.integer(traces.length)]!;
    const counts = excerptOf(trace, ask);
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const replicas = drawMean(ask.random);
    if (mean === 0) return planned(counts, ask);
    const peak = Math.max(...counts) / mean;
    return planned(
      counts.map((count) => (count / mean) * Math.min(replicas, MAX_REPLICAS / peak)),
      ask,
    );
  };
}

/** The patterns of the evaluation, drawn anew for each episode: constant, periodic, variable, bursty, ramp, flash. */
export const syntheticLoad: TrainingLoad = (ask) => {
  const shape = SHAPES[ask.random.integer(SHAPES.length)]!;
  const windows = Math.ceil(ask.seconds / WINDOW_SECONDS);
  const relative = shape(windows, ask.random.fork("shape"));
  const mean = relative.reduce((sum, value) => sum + value, 0) / windows;
  const replicas = drawMean(ask.random);
  return planned(
    relative.map((value) => Math.min(MAX_REPLICAS, (value / Math.max(mean, 1e-9)) * replicas)),
    ask,
  );
};

/** One of several loads for each episode. */
export function mixedLoad(loads: readonly TrainingLoad[]): TrainingLoad {
  return (ask) => loads[ask.random.integer(loads.length)]!({ ...ask, random: ask.random.fork("load") });
}

type Shape = (windows: number, random: Random) => number[];

const series = (windows: number, of: (window: number) => number) => Array.from({ length: windows }, (_, i) => of(i));

const constant: Shape = (windows) => series(windows, () => 1);

const periodic: Shape = (windows, random) => {
  const period = 10 + random.integer(110);
  const phase = random.next();
  const depth = 0.3 + 0.65 * random.next();
  return series(windows, (i) => 1 + depth * Math.sin(2 * Math.PI * (i / period + phase)));
};

/** A random walk of the logarithm. */
const variable: Shape = (windows, random) => {
  const step = 0.05 + 0.2 * random.next();
  let level = 0;
  return series(windows, () => {
    level = 0.97 * level + step * random.normal();
    return Math.exp(level);
  });
};

/** On and off, each for a while, an on state many times an off state. */
const bursty: Shape = (windows, random) => {
  const times = 3 + 9 * random.next();
  let isOn = random.next() < 0.5;
  let left = 0;
  return series(windows, () => {
    if (left-- <= 0) {
      isOn = !isOn;
      left = 2 + random.integer(isOn ? 8 : 20);
    }
    return isOn ? times : 1;
  });
};

const ramp: Shape = (windows, random) => {
  const top = 3 + 12 * random.next();
  const share = (i: number) => i / Math.max(1, windows - 1);
  const isDown = random.next() < 0.3;
  return series(windows, (i) => 1 + (top - 1) * (isDown ? 1 - share(i) : share(i)));
};

/** Quiet, with a few sudden spikes that fade. */
const flash: Shape = (windows, random) => {
  const spikes = Array.from({ length: 1 + random.integer(3) }, () => ({
    at: random.integer(windows),
    height: 4 + 12 * random.next(),
    fade: 3 + 12 * random.next(),
  }));
  return series(windows, (i) =>
    spikes.reduce((level, { at, height, fade }) => level + (i < at ? 0 : height * Math.exp((at - i) / fade)), 1),
  );
};

const SHAPES: readonly Shape[] = [constant, periodic, variable, bursty, ramp, flash];

function drawMean(random: Random): number {
  const [low, high] = MEAN_REPLICAS;
  return low * (high / low) ** random.next();
}

/** Poisson arrivals whose need in each window is given in replicas. */
function planned(replicas: readonly number[], { random, seconds, rpsPerReplica, workCv }: LoadAsk): Schedule {
  const counts = replicas.map((need) => need * rpsPerReplica * WINDOW_SECONDS);
  const trace: Trace = { kind: "binned", format: "counts-30s", name: "made up", binSeconds: WINDOW_SECONDS, counts };
  const schedule = planSchedule(trace, { seed: random.integer(2 ** 32), gapRule: "poisson", workCv });
  return { ...schedule, durationSeconds: seconds };
}

/** Requests in each window of an excerpt drawn at random; a trace shorter than the episode begins again. */
function excerptOf(trace: Trace, { random, seconds }: LoadAsk): number[] {
  const counts = countsOf(trace);
  const windows = Math.ceil(seconds / WINDOW_SECONDS);
  const first = random.integer(Math.max(1, counts.length - windows + 1));
  return Array.from({ length: windows }, (_, i) => counts[(first + i) % counts.length]!);
}

const knownCounts = new WeakMap<Trace, readonly number[]>();

/** Requests in each whole window of the trace; computed once. */
function countsOf(trace: Trace): readonly number[] {
  const known = knownCounts.get(trace);
  if (known) return known;
  const counts = new Array<number>(Math.max(1, Math.floor(traceSeconds(trace) / WINDOW_SECONDS))).fill(0);
  const add = (atSeconds: number, count: number) => {
    const window = Math.floor(atSeconds / WINDOW_SECONDS);
    if (window < counts.length) counts[window]! += count;
  };
  if (trace.kind === "instants") for (const arrival of trace.arrivalSeconds) add(arrival, 1);
  else {
    const { binSeconds } = trace;
    // A bin longer than a window is shared out evenly.
    const parts = Math.max(1, Math.round(binSeconds / WINDOW_SECONDS));
    trace.counts.forEach((count, bin) => {
      for (let part = 0; part < parts; part++) add((bin + part / parts) * binSeconds, count / parts);
    });
  }
  knownCounts.set(trace, counts);
  return counts;
}
