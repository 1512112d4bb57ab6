/** Windows, ticks and a small platform for the guard's tests. */
import type { Applied } from "#shared/core/decision.ts";
import {
  decide,
  GUARD_DEFAULTS,
  startGuard,
  withApplied,
  type GuardDecision,
  type GuardInput,
  type GuardSettings,
  type GuardState,
  type ScaleOutcome,
  type SettledDecision,
} from "#shared/guard/guard.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { MeasuredWindow, MetricsWindow, Tick } from "#shared/core/window.ts";
import { aManaged, aTick as aMeasuredTick, aWindow as aMeasuredWindow } from "#test/support/a-window.ts";

export const WINDOW_SECONDS = 30;

const about = { functionName: "resize" };

export function aFunction(changes: Partial<ManagedFunction> = {}): ManagedFunction {
  return aManaged({ ...about, maxReplicas: 20, targetInFlight: 5, ...changes });
}

/** A complete, fresh window with a little work; `seq` sets its end, too. */
export function aWindow(seq: number, changes: Partial<MeasuredWindow> = {}): MetricsWindow {
  return aMeasuredWindow({
    ...{ ...about, seq, windowSeconds: WINDOW_SECONDS },
    arrivals: 30,
    completedOk: 30,
    throughputRps: 1,
    executionSecondsMean: 1,
    latencySeconds: { p50: 1, p95: 1.5, p99: 2 },
    inFlightMean: 1,
    inFlightMax: 3,
    desiredReplicas: 3,
    availableReplicas: 3,
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
  const atMs = atSeconds * 1000;
  const seen = { desiredReplicas: 3, availableReplicas: 3, arrivals: 2, metricAgeSeconds: 1 };
  return aMeasuredTick({ ...about, ...seen, atMs, inFlight: 2, ...changes });
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

/** A state that began long ago with `current` replicas, so that neither restart nor old recommendations hold anything. */
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
  return { ...state, recommendations: [] };
}

/** Decides and applies: an obedient platform unless an outcome is given. */
export function settle(
  state: GuardState,
  input: GuardInput,
  settings: GuardSettings = GUARD_DEFAULTS,
  outcome?: ScaleOutcome,
): { readonly decision: SettledDecision; readonly state: GuardState } {
  const decided = decide(state, input, settings);
  const { kind, desired } = decided.decision;
  const obeyed: ScaleOutcome =
    kind === "scale" && desired !== null ? { kind: "applied", replicas: desired } : { kind: "not-sent" };
  return withApplied(decided.state, decided.decision, outcome ?? obeyed, settings);
}

/** What becomes of a decision on a platform that obeys, as the scaler publishes it. */
export function obeyed(
  state: GuardState,
  decision: GuardDecision,
  { fencing = 1, previousId, target = "simulator" }: { fencing?: number; previousId: string | null; target?: string },
): { readonly state: GuardState; readonly applied: Applied } {
  const sent = decision.kind === "scale";
  const outcome: ScaleOutcome = sent ? { kind: "applied", replicas: decision.desired! } : { kind: "not-sent" };
  const done = withApplied(state, decision, outcome, GUARD_DEFAULTS);
  const { kind: _kind, foreignChange: _foreign, ...told } = done.decision;
  const guard = { fencing, guardSinceMs: state.startedAtMs, previousId };
  return { state: done.state, applied: { ...told, mode: "auto", target: sent ? target : "none", ...guard } };
}
