/** Knative's KPA decision for one revision (knative/serving, `pkg/autoscaler/scaling`), as a function of what it remembers. */
import { delayWindow, slidingMax, type DelayWindow } from "./delay-window.ts";

/** The settings that a decision of Knative's autoscaler depends on. */
export interface KpaSpec {
  /** Load one replica is to carry after utilisation, and before. */
  readonly targetValue: number;
  readonly totalValue: number;
  /** 2 = 200 %. */
  readonly panicThresholdRatio: number;
  /** Multiples of the ready replicas, per decision; both > 1. */
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly stableWindowSeconds: number;
  /** 0: the activator only at zero; −1: always in the path. */
  readonly targetBurstCapacity: number;
  /** At least so many when there is load at all; 1 = unset. */
  readonly activationScale: number;
  readonly scaleDownDelaySeconds: number;
  /** An unreachable revision gets no traffic: it may go down at once. */
  readonly reachable: boolean;
}

/** Knative's defaults. */
export const KPA_DEFAULTS: Omit<KpaSpec, "targetValue" | "totalValue"> = {
  panicThresholdRatio: 2,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  stableWindowSeconds: 60,
  targetBurstCapacity: 211,
  activationScale: 1,
  scaleDownDelaySeconds: 0,
  reachable: true,
};

/** What the autoscaler remembers between decisions. */
export interface KpaState {
  /** When panic last started or was extended; null when calm. */
  readonly panicSinceMs: number | null;
  readonly maxPanic: number;
  readonly delay: DelayWindow | null;
}

/** A restart with more than one ready replica starts in panic: it cannot scale down for a stable window. */
export function startKpaState(
  ready: number,
  nowMs: number,
  { scaleDownDelaySeconds }: Pick<KpaSpec, "scaleDownDelaySeconds">,
): KpaState {
  return { panicSinceMs: ready > 1 ? nowMs : null, maxPanic: ready, delay: delayWindow(scaleDownDelaySeconds) };
}

/** Averages over the stable and the panic window, and the ready replicas; null where the source failed. */
export interface KpaObservation {
  readonly stable: number | null;
  readonly panic: number | null;
  readonly ready: number | null;
}

/** What the autoscaler decided. */
export type KpaDecision =
  /** Keep the last decision. */
  | { readonly kind: "invalid" }
  | {
      readonly kind: "scale";
      readonly desired: number;
      /** Below 0: the activator belongs in the path. */
      readonly excessBurstCapacity: number;
      readonly panicking: boolean;
      /** Raw needs, before rates and panic. */
      readonly stableNeed: number;
      readonly panicNeed: number;
    };

/** One decision of Knative's autoscaler from the averages of both windows; null where they are not known. */
export function decideKpa(
  state: KpaState,
  { stable, panic, ready }: KpaObservation,
  spec: KpaSpec,
  nowMs: number,
): { readonly state: KpaState; readonly decision: KpaDecision } {
  if (stable === null || panic === null || ready === null) return { state, decision: { kind: "invalid" } };

  const r = Math.max(1, ready);
  const most = Math.ceil(spec.maxScaleUpRate * r);
  const least = spec.reachable ? Math.floor(r / spec.maxScaleDownRate) : 0;
  const stableNeed = Math.ceil(stable / spec.targetValue);
  const panicNeed = Math.ceil(panic / spec.targetValue);
  // Activation comes after the rate, and so may exceed it.
  const limited = (need: number) => {
    const within = Math.min(Math.max(need, least), most);
    return need > 0 && spec.activationScale > 1 ? Math.max(within, spec.activationScale) : within;
  };

  // The unlimited need over *ready* replicas: slow start-ups keep panic alive.
  let { panicSinceMs, maxPanic, delay } = state;
  if (panicNeed / r >= spec.panicThresholdRatio) panicSinceMs = nowMs;
  else if (panicSinceMs !== null && panicSinceMs + spec.stableWindowSeconds * 1000 < nowMs) {
    panicSinceMs = null;
    maxPanic = 0;
  }

  let desired = limited(stableNeed);
  if (panicSinceMs !== null) {
    maxPanic = Math.max(maxPanic, desired, limited(panicNeed));
    desired = maxPanic;
  }
  if (spec.reachable && delay !== null) ({ window: delay, replicas: desired } = slidingMax(delay, desired, nowMs));

  const { targetBurstCapacity: burst } = spec;
  const excessBurstCapacity = burst === 0 ? 0 : burst < 0 ? -1 : Math.floor(ready * spec.totalValue - burst - panic);
  const panicking = panicSinceMs !== null;
  return {
    state: { panicSinceMs, maxPanic, delay },
    decision: { kind: "scale", desired, excessBurstCapacity, panicking, stableNeed, panicNeed },
  };
}
