/** A run over time, in few enough points to be drawn. */
import type { SimWindowRecord } from "../sim/simulate.ts";

/** Each array has one entry per bin; a bin is a whole number of windows, and its value their mean. */
export interface Timeline {
  readonly binSeconds: number;
  readonly arrivalsRps: readonly number[];
  readonly readyReplicas: readonly number[];
  /** The largest P95 of the bin's windows; null when nothing ended in any of them. */
  readonly p95Seconds: readonly (number | null)[];
}

/** Points of a timeline at most. */
const MAX_TIMELINE_BINS = 1440;

/** The windows of a run, joined into at most `maxBins` points. */
export function timelineOf(
  windows: readonly SimWindowRecord[],
  windowSeconds: number,
  maxBins = MAX_TIMELINE_BINS,
): Timeline {
  const perBin = Math.max(1, Math.ceil(windows.length / maxBins));
  const bins = Array.from({ length: Math.ceil(windows.length / perBin) }, (_, i) =>
    windows.slice(i * perBin, (i + 1) * perBin).map(({ truth }) => truth),
  );
  const mean = (bin: (typeof bins)[number], of: (truth: SimWindowRecord["truth"]) => number) =>
    rounded(bin.reduce((sum, truth) => sum + of(truth), 0) / bin.length);
  return {
    binSeconds: perBin * windowSeconds,
    arrivalsRps: bins.map((bin) => mean(bin, ({ arrivals }) => arrivals / windowSeconds)),
    readyReplicas: bins.map((bin) => mean(bin, ({ available }) => available)),
    p95Seconds: bins.map((bin) => {
      const known = bin.flatMap(({ p95Seconds }) => (p95Seconds === null ? [] : [p95Seconds]));
      return known.length === 0 ? null : rounded(Math.max(...known));
    }),
  };
}

/** Three decimals: a drawing shows no more. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
