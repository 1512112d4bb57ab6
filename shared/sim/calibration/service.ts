/** Service time under a CFS quota: what a call costs beyond its work, what of the limit arrives, and does the model hold? */
import { Cpu } from "../cpu.ts";
import { median, medianRelativeError } from "./statistics.ts";

/** Calls of the same work, one after another, on one replica with this limit. */
export interface WorkCell {
  readonly limitCores: number;
  readonly workSeconds: number;
  readonly latencySeconds: readonly number[];
}

/** The rate at which one replica with this limit answers calls of this work when more wait than it can serve. */
export interface Saturation {
  readonly limitCores: number;
  readonly workSeconds: number;
  readonly rps: number;
}

/** What a call costs beyond its work, and the CPU limit as it acts. */
export interface CostFit {
  /** CPU that a call costs beyond its work. */
  readonly callCpuSeconds: number;
  /** Effective ÷ nominal limit. */
  readonly limitRatio: number;
  /** Median |model − measured| ÷ measured of the saturated rates. */
  readonly medianError: number;
  readonly samples: number;
}

/**
 * A saturated replica spends (work + overhead) per call of what its limit gives: L ÷ rate = (work + overhead) ÷ ratio, a
 * straight line in the work. Least squares of the relative error, so that short and long calls weigh alike. Null with fewer
 * than two different works.
 */
export function fitCallCost(saturations: readonly Saturation[]): CostFit | null {
  const usable = saturations.filter(({ rps }) => rps > 0);
  if (new Set(usable.map(({ workSeconds }) => workSeconds)).size < 2) return null;
  // y = a + b·x with weights 1 ÷ y².
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const { limitCores, workSeconds: x, rps } of usable) {
    const y = limitCores / rps;
    const weight = 1 / (y * y);
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  if (!(slope > 0)) return null;
  const limitRatio = 1 / slope;
  const callCpuSeconds = Math.max(0, ((wy - slope * wx) / w) * limitRatio);
  const pairs = usable.map(({ limitCores, workSeconds, rps }) => ({
    measured: rps,
    modelled: (limitCores * limitRatio) / (workSeconds + callCpuSeconds),
  }));
  return { callCpuSeconds, limitRatio, medianError: medianRelativeError(pairs)!, samples: usable.length };
}

/** What the model needs to predict a call's latency. */
export interface ServiceModel {
  readonly callCpuSeconds: number;
  readonly limitRatio: number;
  readonly periodSeconds: number;
  /** What the gateway adds. */
  readonly overheadSeconds: number;
}

/** A cell of the work ladder: latency measured and modelled, seconds. */
export interface WorkRow {
  readonly limitCores: number;
  readonly workSeconds: number;
  readonly measuredSeconds: number | null;
  readonly modelledSeconds: number;
  readonly samples: number;
}

const PHASES = 64;

/** Median latency of a lone call whose replica was idle before, over all phases of the period. */
export function loneCallSeconds(limitCores: number, workSeconds: number, model: ServiceModel): number {
  const { callCpuSeconds, limitRatio, periodSeconds, overheadSeconds } = model;
  const cpu = new Cpu({ limitCores: limitCores * limitRatio, periodSeconds, threads: 1 });
  const latencies = Array.from({ length: PHASES }, (_, i) => {
    cpu.begin(0, 0, -((i + 0.5) / PHASES) * periodSeconds);
    cpu.add(0, 0, workSeconds + callCpuSeconds, 0);
    return cpu.nextFinishSeconds(0) + overheadSeconds;
  });
  return median(latencies)!;
}

/** The ladder beside the model, a row a cell. */
export function workRows(cells: readonly WorkCell[], model: ServiceModel): WorkRow[] {
  return cells.map(({ limitCores, workSeconds, latencySeconds }) => ({
    limitCores,
    workSeconds,
    measuredSeconds: median(latencySeconds),
    modelledSeconds: loneCallSeconds(limitCores, workSeconds, model),
    samples: latencySeconds.length,
  }));
}

/** Median relative error over the ladder's cells; null when none was measured. */
export function workError(rows: readonly WorkRow[]): number | null {
  return medianRelativeError(
    rows.map(({ measuredSeconds, modelledSeconds }) => ({ measured: measuredSeconds, modelled: modelledSeconds })),
  );
}
