/** What a learned policy sees of a window: layouts by name, never edited in place; a new one gets a new name. */
import { BadInputError } from "../../core/errors.ts";
import { box } from "../environment/spaces.ts";
import type { BoxSpace } from "../environment/spaces.ts";
import { failuresOf, type MetricsWindow } from "../../core/window.ts";

export interface Feature {
  readonly name: string;
  readonly unit: string;
  /** Values beyond are cut to the range, so that it is honest. */
  readonly low: number;
  readonly high: number;
  /** What stands for a value that was not measured: a vector has no place for absence. */
  readonly whenMissing: number;
  readonly of: (window: MetricsWindow) => number | null;
}

export interface ObservationLayout {
  readonly name: string;
  readonly features: readonly Feature[];
}

/** P95 of an idle window in the published method, seconds. */
export const PAPER_IDLE_P95_SECONDS = 200;

type Row = readonly [name: string, unit: string, low: number, high: number, whenMissing: number, of: Feature["of"]];

const layout = (name: string, rows: readonly Row[]): ObservationLayout => ({
  name,
  features: rows.map(([feature, unit, low, high, whenMissing, of]) => ({
    name: feature,
    unit,
    low,
    high,
    whenMissing,
    of,
  })),
});

/** Of all calls that ended, those that ended well; null when none ended. */
export function successShare({ completedOk, completedError }: MetricsWindow): number | null {
  if (completedOk === null || completedError === null) return null;
  const ended = completedOk + failuresOf(completedError);
  return ended > 0 ? completedOk / ended : null;
}

const executionSeconds: Row = ["executionSeconds", "s", 0, 60, 0, (w) => w.executionSecondsMean];
const requests: Row = ["requests", "per window", 0, 2000, 0, (w) => w.arrivals];
const cpuRatio: Row = ["cpuRatio", "ratio", 0, 2, 0, (w) => w.cpuRatio];
const memoryRatio: Row = ["memoryRatio", "ratio", 0, 2, 0, (w) => w.memoryRatio];
const plusHead: readonly Row[] = [
  executionSeconds,
  ["throughputRps", "1/s", 0, 100, 0, (w) => w.throughputRps],
  requests,
  // The gateway's count, which is what was asked for.
  ["replicas", "count", 1, 24, 1, (w) => w.desiredReplicas],
  cpuRatio,
  memoryRatio,
];
const p95 = (whenMissing: number): Row => ["p95Seconds", "s", 0, 2000, whenMissing, (w) => w.latencySeconds.p95];

export const LAYOUTS = {
  /** Agarwal et al., IEEE TSC 2024: six values, replicas are those ready, throughput the share that succeeded. */
  "agarwal-6": layout("agarwal-6", [
    executionSeconds,
    ["throughputPercent", "%", 0, 100, 0, (w) => times(successShare(w), 100)],
    requests,
    ["readyReplicas", "count", 0, 24, 0, (w) => w.availableReplicas],
    cpuRatio,
    memoryRatio,
  ]),
  /** LSTM-PPO+: seven values; a window without latencies shows 200 s, as published. */
  "plus-7": layout("plus-7", [...plusHead, p95(PAPER_IDLE_P95_SECONDS)]),
  /** plus-7 with a flag in place of the 200 s: an idle window is not a slow one. */
  "plus-8": layout("plus-8", [
    ...plusHead,
    p95(0),
    ["p95Missing", "0 or 1", 0, 1, 1, (w) => (w.latencySeconds.p95 === null ? 1 : 0)],
  ]),
} as const;

export type LayoutName = keyof typeof LAYOUTS;

/** A layout by name. Throws `BadInputError` for one that there is not. */
export function layoutOf(name: string): ObservationLayout {
  const found = (LAYOUTS as Readonly<Record<string, ObservationLayout>>)[name];
  if (!found) {
    throw new BadInputError(`the observation layout must be one of ${Object.keys(LAYOUTS).join(", ")}, was: '${name}'`);
  }
  return found;
}

export function spaceOf({ features }: ObservationLayout): BoxSpace {
  return box(
    features.map(({ low }) => low),
    features.map(({ high }) => high),
  );
}

/** The window as the layout's numbers, raw: normalisation comes later and travels with the checkpoint. */
export function observe({ features }: ObservationLayout, window: MetricsWindow): Float32Array {
  return Float32Array.from(features, ({ low, high, whenMissing, of }) =>
    Math.min(high, Math.max(low, of(window) ?? whenMissing)),
  );
}

const times = (value: number | null, factor: number) => (value === null ? null : value * factor);
