/** Windows for policies, and a run over them. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { PolicyAnswer, ScalingPolicy } from "#shared/core/policy.ts";
import { isDecidable, type DecidableWindow, type MeasuredWindow } from "#shared/core/window.ts";
import { aManaged, aWindow as aMeasuredWindow } from "./a-window.ts";

const about = { functionName: "resize" };
export const aFunction = aManaged({ ...about, policy: "fixed:1", maxReplicas: 20, targetInFlight: 5 });

/** A call takes a second, and three replicas are kept busy. */
const BUSY: Partial<MeasuredWindow> = {
  ...about,
  executionSecondsMean: 1,
  latencySeconds: { p50: 1, p95: 1.5, p99: 2 },
  inFlightMean: 2,
  inFlightMax: 4,
  desiredReplicas: 3,
  availableReplicas: 3,
  cpuRatio: 0.7,
  memoryRatio: 0.4,
  metricAgeSeconds: 2,
};

/** Window number `seq` of 30 s, complete unless changed. */
export function aWindow(seq: number, changes: Partial<MeasuredWindow> = {}): DecidableWindow {
  const window = aMeasuredWindow({ seq, ...BUSY, ...changes });
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
