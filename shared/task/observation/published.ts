/** The layouts of the published agents: each number comes from the last window alone. */
import { successShare, type MetricsWindow } from "../../core/window.ts";
import { cutToRanges, type FeatureRange, type ObservationLayout } from "./layout.ts";

interface Feature extends FeatureRange {
  readonly unit: string;
  /** Takes the place of a value that was not measured: a vector has no place for absence. */
  readonly whenMissing: number;
  readonly of: (window: MetricsWindow) => number | null;
}

/** P95 of an idle window in the published method, seconds. */
export const PAPER_IDLE_P95_SECONDS = 200;

type Row = readonly [name: string, unit: string, low: number, high: number, whenMissing: number, of: Feature["of"]];

function windowLayout(name: string, rows: readonly Row[]): ObservationLayout {
  const features = rows.map(([feature, unit, low, high, whenMissing, of]): Feature => ({
    name: feature,
    unit,
    low,
    high,
    whenMissing,
    of,
  }));
  const see = (window: MetricsWindow) =>
    cutToRanges(features, (i) => features[i]!.of(window) ?? features[i]!.whenMissing);
  return { name, features, observerOf: () => ({ see }) };
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
const successPercent = (window: MetricsWindow) => {
  const share = successShare(window);
  return share === null ? null : share * 100;
};

/** Agarwal et al., IEEE TSC 2024: six values, replicas are those ready, throughput the share that succeeded. */
export const agarwal6 = windowLayout("agarwal-6", [
  executionSeconds,
  ["throughputPercent", "%", 0, 100, 0, successPercent],
  requests,
  ["readyReplicas", "count", 0, 24, 0, (w) => w.availableReplicas],
  cpuRatio,
  memoryRatio,
]);

/** LSTM-PPO+: seven values; a window without latencies shows 200 s, as published. */
export const plus7 = windowLayout("plus-7", [...plusHead, p95(PAPER_IDLE_P95_SECONDS)]);

/** plus-7 with a flag in place of the 200 s: an idle window is not a slow one. */
export const plus8 = windowLayout("plus-8", [
  ...plusHead,
  p95(0),
  ["p95Missing", "0 or 1", 0, 1, 1, (w) => (w.latencySeconds.p95 === null ? 1 : 0)],
]);
