/** Windows, ticks and a small platform for the guard's tests. */
import {
  decide,
  GUARD_DEFAULTS,
  startGuard,
  withApplied,
  type GuardInput,
  type GuardSettings,
  type GuardState,
  type Outcome,
  type SettledDecision,
} from "#shared/core/guard.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { closeWindow, type MeasuredWindow, type MetricsWindow, type Tick } from "#shared/core/window.ts";

export const WINDOW_SECONDS = 30;

export function aFunction(changes: Partial<ManagedFunction> = {}): ManagedFunction {
  return {
    functionName: "resize",
    namespace: "openfaas-fn",
    mode: "auto",
    policy: "openfaas-pro",
    minReplicas: 1,
    maxReplicas: 20,
    sloP95Seconds: 3,
    targetInFlight: 5,
    ...changes,
  };
}

/** A complete, fresh window with a little work; `seq` sets its end, too. */
export function aWindow(seq: number, changes: Partial<MeasuredWindow> = {}): MetricsWindow {
  return closeWindow({
    functionName: "resize",
    namespace: "openfaas-fn",
    seq,
    windowSeconds: WINDOW_SECONDS,
    endedAtMs: seq * WINDOW_SECONDS * 1000,
    timeLapse: 1,
    arrivals: 30,
    completedOk: 30,
    completedError: { "4xx": 0, "429": 0, "5xx": 0, "504": 0 },
    throughputRps: 1,
    executionSecondsMean: 1,
    latencySeconds: { p50: 1, p95: 1.5, p99: 2 },
    inFlightMean: 1,
    inFlightMax: 3,
    desiredReplicas: 3,
    availableReplicas: 3,
    cpuRatio: 0.5,
    memoryRatio: 0.5,
    metricAgeSeconds: 2,
    ...changes,
  });
}

/** An idle window. */
export function anIdleWindow(seq: number, changes: Partial<MeasuredWindow> = {}): MetricsWindow {
  return aWindow(seq, { arrivals: 0, completedOk: 0, throughputRps: 0, inFlightMean: 0, inFlightMax: 0, ...changes });
}

export function aTick(atSeconds: number, changes: Partial<Tick> = {}): Tick {
  return {
    functionName: "resize",
    namespace: "openfaas-fn",
    atMs: atSeconds * 1000,
    timeLapse: 1,
    inFlight: 2,
    desiredReplicas: 3,
    availableReplicas: 3,
    arrivals: 2,
    metricAgeSeconds: 1,
    ...changes,
  };
}

export function anInput(changes: Partial<GuardInput> & { window: MetricsWindow; proposed?: number }): GuardInput {
  const { proposed = 3, ...rest } = changes;
  return {
    managed: aFunction(),
    nowMs: changes.window.endedAtMs,
    current: 3,
    trigger: "proposal",
    policy: { name: "openfaas-pro", version: "1" },
    proposal: { proposedReplicas: proposed, because: "in-flight 14 ÷ target 3" },
    ...rest,
  };
}

/** A state that began long ago with `current` replicas, so that neither restart nor old wishes hold anything. */
export function aLongRunningGuard(
  current: number,
  untilSeq: number,
  settings: GuardSettings = GUARD_DEFAULTS,
): GuardState {
  let state = startGuard(0);
  for (let seq = 1; seq <= untilSeq; seq++) {
    const window = aWindow(seq, { desiredReplicas: current, availableReplicas: current });
    state = settle(state, anInput({ window, current, proposed: 0, proposal: null }), settings).state;
  }
  return { ...state, wishes: [] };
}

/** Decides and applies: an obedient platform unless an outcome is given. */
export function settle(
  state: GuardState,
  input: GuardInput,
  settings: GuardSettings = GUARD_DEFAULTS,
  outcome?: Outcome,
): { readonly decision: SettledDecision; readonly state: GuardState } {
  const decided = decide(state, input, settings);
  const { kind, desired } = decided.decision;
  const obeyed: Outcome =
    kind === "scale" && desired !== null ? { kind: "applied", replicas: desired } : { kind: "not-sent" };
  return withApplied(decided.state, decided.decision, outcome ?? obeyed, settings);
}
