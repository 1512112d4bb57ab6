/** The stages that a window's decision walks through, in their fixed order. */
import type { GuardStage } from "../core/decision.ts";
import { bound, type Bounds } from "./bounds.ts";
import { rateLimit } from "./rate-limit.ts";
import type { GuardSettings } from "./settings.ts";
import { justRestarted, remember, stabilise, type Step } from "./stabilise.ts";
import type { GuardState } from "./state.ts";
import type { GuardVersion } from "./version.ts";
import { trimmed } from "./words.ts";

/** The stages that a count passed, and the guard's state after them. */
export interface Passed {
  readonly state: GuardState;
  readonly stages: readonly GuardStage[];
}

/**
 * The count stays, unless in-flight invocations prove that it is too small. What is held counts as recommended, so that after an
 * outage a scale-down waits as after a busy time.
 */
export function holdCount({ state, current, bounds, why, mayLift, mayRaise }: Held, settings: GuardSettings): Passed {
  const floored = mayRaise ? floor(current, state) : { replicas: current, note: null };
  const raised = floored.replicas > current;
  const recommendation = { atMs: state.clockMs, replicas: floored.replicas };
  const recommendations = remember(state.recommendations, recommendation, settings.stabilisationSeconds);
  const at = { current, nowMs: state.clockMs, events: state.events };
  const limited = rateLimit(floored.replicas, at, settings);
  const bounded: Step =
    raised || (mayLift && current < bounds.lower)
      ? bound(limited.replicas, bounds, { current, idleSeconds: null, mayLower: false }, settings)
      : { replicas: current, note: null };
  const stages = [
    { stage: "valid", replicas: current, note: why } as const,
    { stage: "proposed", replicas: current, note: null } as const,
    { stage: "floor", ...floored } as const,
    { stage: "stabilised", replicas: floored.replicas, note: null } as const,
    { stage: "rate-limited", ...limited } as const,
    { stage: "bounded", ...bounded } as const,
  ];
  return { state: { ...state, recommendations }, stages };
}

/** What `holdCount` needs: a count that is held, and how far it may rise all the same. */
export interface Held {
  readonly state: GuardState;
  readonly current: number;
  readonly bounds: Bounds;
  readonly why: string | null;
  /** To the minimum of the bounds. */
  readonly mayLift: boolean;
  /** To the panic floor. */
  readonly mayRaise: boolean;
}

/** A proposal on valid metrics walks through the stages; behind guard 2, those in the middle let it pass. */
export function passStages(
  { state, current, bounds, proposal, seenAtMs, adopted, guard }: Received,
  settings: GuardSettings,
): Passed {
  const idleSeconds = (seenAtMs - state.lastActiveMs) / 1000;
  const proposed = recommendedCount(proposal, { current, idleSeconds, mayBeZero: bounds.lower === 0 }, settings);
  const isSafetyAlone = guard === 2;
  const floored = isSafetyAlone ? unchanged(proposed) : floor(proposed.replicas, state);
  const recommendation = { atMs: state.clockMs, replicas: floored.replicas };
  const recommendations = remember(state.recommendations, recommendation, settings.stabilisationSeconds);
  const at = { current, nowMs: state.clockMs, recommendations, startedAtMs: state.startedAtMs, events: state.events };
  const stabilised = stabilise(floored.replicas, isSafetyAlone ? { ...at, recommendations: [] } : at, settings);
  const limited = isSafetyAlone ? unchanged(stabilised) : rateLimit(stabilised.replicas, at, settings);
  const mayLower = !justRestarted(at, settings);
  const bounded = bound(limited.replicas, bounds, { current, idleSeconds, mayLower }, settings);
  return {
    state: { ...state, recommendations },
    stages: [
      { stage: "valid", replicas: current, note: adopted },
      { stage: "proposed", ...proposed },
      { stage: "floor", ...floored },
      { stage: "stabilised", ...stabilised },
      { stage: "rate-limited", ...limited },
      { stage: "bounded", ...bounded },
    ],
  };
}

/** What `passStages` needs: a proposal that may change the count. */
export interface Received {
  readonly state: GuardState;
  readonly current: number;
  readonly bounds: Bounds;
  readonly proposal: { readonly proposedReplicas: number; readonly because: string };
  /** When the metrics were read that the proposal goes by. */
  readonly seenAtMs: number;
  readonly guard: GuardVersion;
  /** Says that the count was someone else's, which is now the starting point; null where it was not. */
  readonly adopted: string | null;
}

/** The policy's recommendation as a whole count, or zero where the function has been idle for long enough. */
function recommendedCount(
  { proposedReplicas, because }: Received["proposal"],
  { current, idleSeconds, mayBeZero }: { current: number; idleSeconds: number; mayBeZero: boolean },
  { zeroIdleSeconds }: GuardSettings,
): Step {
  const replicas = Math.max(0, Math.ceil(proposedReplicas));
  if (replicas > 0 && mayBeZero && zeroIdleSeconds !== null && idleSeconds > 0 && idleSeconds >= zeroIdleSeconds) {
    return { replicas: 0, note: `idle for ${trimmed(idleSeconds)} s: to zero` };
  }
  return { replicas, note: replicas === current ? null : because };
}

const unchanged = ({ replicas }: Step): Step => ({ replicas, note: null });

/** Raises a count to the panic floor. */
export function floor(recommended: number, { panic }: GuardState): Step {
  if (panic.sinceMs === null || panic.peak <= recommended) return { replicas: recommended, note: null };
  return { replicas: panic.peak, note: `panic floor ${panic.peak}: ${panic.because ?? "held"}` };
}
