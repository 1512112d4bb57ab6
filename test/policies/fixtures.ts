/** Windows for policies, and a run over them. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { PolicyAnswer, ScalingPolicy } from "#shared/core/policy.ts";
import { closeWindow, isDecidable, type DecidableWindow, type MeasuredWindow } from "#shared/core/window.ts";

export const aFunction: ManagedFunction = {
  functionName: "resize",
  namespace: "openfaas-fn",
  mode: "auto",
  policy: "fixed:1",
  minReplicas: 1,
  maxReplicas: 20,
  sloP95Seconds: 3,
  targetInFlight: 5,
};

/** Window number `seq` of 30 s, complete unless changed. */
export function aWindow(seq: number, changes: Partial<MeasuredWindow> = {}): DecidableWindow {
  const window = closeWindow({
    functionName: "resize",
    namespace: "openfaas-fn",
    seq,
    windowSeconds: 30,
    endedAtMs: seq * 30_000,
    timeLapse: 1,
    arrivals: 60,
    completedOk: 60,
    completedError: { "4xx": 0, "429": 0, "5xx": 0, "504": 0 },
    throughputRps: 2,
    executionSecondsMean: 1,
    latencySeconds: { p50: 1, p95: 1.5, p99: 2 },
    inFlightMean: 2,
    inFlightMax: 4,
    desiredReplicas: 3,
    availableReplicas: 3,
    cpuRatio: 0.7,
    memoryRatio: 0.4,
    metricAgeSeconds: 2,
    ...changes,
  });
  if (!isDecidable(window)) throw new Error("the test's window must be decidable");
  return window;
}

export function answerTo(
  policy: ScalingPolicy,
  window: DecidableWindow,
  managed: Partial<ManagedFunction> = {},
): PolicyAnswer {
  return policy.propose({ window, managed: { ...aFunction, ...managed }, nowMs: window.endedAtMs });
}

/** The counts proposed for window after window; an obedient platform unless `desiredReplicas` is changed. */
export function run(
  policy: ScalingPolicy,
  windows: readonly Partial<MeasuredWindow>[],
  managed: Partial<ManagedFunction> = {},
  start = 1,
): number[] {
  let replicas = start;
  return windows.map((changes, i) => {
    const window = aWindow(i + 1, { desiredReplicas: replicas, availableReplicas: replicas, ...changes });
    replicas = answerTo(policy, window, managed).proposedReplicas;
    return replicas;
  });
}
