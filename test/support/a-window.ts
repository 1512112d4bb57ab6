/** Words of the domain with sensible values, to be changed where a test cares. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { closeWindow, type MeasuredWindow, type MetricsWindow, type Tick } from "#shared/core/window.ts";

export function aManaged(changes: Partial<ManagedFunction> = {}): ManagedFunction {
  return {
    functionName: "stress",
    namespace: "openfaas-fn",
    mode: "auto",
    policy: "openfaas-pro",
    minReplicas: 1,
    maxReplicas: 12,
    slo: { seconds: 3, percentile: 95 },
    startCostSeconds: 15,
    targetInFlight: 2,
    ...changes,
  };
}

/** Window number `seq` ends at seq × 30 s; all measured, quiet. */
export function aWindow(changes: Partial<MeasuredWindow> = {}): MetricsWindow {
  const seq = changes.seq ?? 1;
  return closeWindow({
    functionName: "stress",
    namespace: "openfaas-fn",
    generation: "",
    seq,
    windowSeconds: 30,
    endedAtMs: seq * 30_000,
    timeLapse: 1,
    arrivals: 60,
    completedOk: 60,
    completedError: { "4xx": 0, "429": 0, "5xx": 0, "504": 0 },
    throughputRps: 2,
    executionSecondsMean: 0.2,
    latencySeconds: { p50: 0.15, p95: 0.4, p99: 0.5 },
    late: { share: 0, because: null },
    inFlightMean: 0.4,
    inFlightMax: 2,
    desiredReplicas: 2,
    availableReplicas: 2,
    cpuRatio: 0.5,
    memoryRatio: 0.3,
    metricAgeSeconds: 0,
    ...changes,
  });
}

export function aTick(changes: Partial<Tick> = {}): Tick {
  return {
    functionName: "stress",
    namespace: "openfaas-fn",
    generation: "",
    atMs: 2_000,
    timeLapse: 1,
    inFlight: 1,
    desiredReplicas: 2,
    availableReplicas: 2,
    arrivals: 4,
    metricAgeSeconds: 0,
    ...changes,
  };
}
