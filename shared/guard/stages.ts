/** The stages that a window's decision walks through, in their fixed order. */
import { GUARD_STAGES, type GuardStage } from "../core/decision.ts";
import { bound, type Bounds } from "./bounds.ts";
import { rateLimit } from "./rate-limit.ts";
import type { GuardSettings } from "./settings.ts";
import { justRestarted, remember, stabilise, type Step } from "./stabilise.ts";
import type { GuardState } from "./state.ts";
import { trimmed } from "../core/spoken.ts";

/**
 * Which guard runs behind a policy: a model runs behind the one that it was trained with.
 *
 * 1: policies that decide a count at each window's end; the guard adds the panic floor, the wait before a scale-down and rate limits.
 * 2: policies that decide a target, which ticks hold: what to leave room for, and for how long, is theirs. The guard adds safety
 * alone: it holds where nothing can be concluded, backs off from other writers, never leaves the bounds, and takes the last replica
 * only from the idle.
 */
export type GuardVersion = 1 | 2;

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
  const held = { replicas: current, note: why };
  const floored = mayRaise ? floor(current, state) : unchanged(held);
  const raised = floored.replicas > current;
  const recommendations = remember(state, floored.replicas, settings);
  const at = { current, nowMs: state.clockMs, events: state.events };
  const limited = rateLimit(floored.replicas, at, settings);
  const bounded: Step =
    raised || (mayLift && current < bounds.lower)
      ? bound(limited.replicas, bounds, { current, idleSeconds: null, mayLower: false }, settings)
      : unchanged(held);
  const stages = stagesOf(held, unchanged(held), floored, unchanged(floored), limited, bounded);
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
  const recommendations = remember(state, floored.replicas, settings);
  const at = { current, nowMs: state.clockMs, recommendations, startedAtMs: state.startedAtMs, events: state.events };
  const stabilised = stabilise(floored.replicas, isSafetyAlone ? { ...at, recommendations: [] } : at, settings);
  const limited = isSafetyAlone ? unchanged(stabilised) : rateLimit(stabilised.replicas, at, settings);
  const mayLower = !justRestarted(at, settings);
  const bounded = bound(limited.replicas, bounds, { current, idleSeconds, mayLower }, settings);
  const found = { replicas: current, note: adopted };
  const stages = stagesOf(found, proposed, floored, stabilised, limited, bounded);
  return { state: { ...state, recommendations }, stages };
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
  proposal: Received["proposal"],
  { current, idleSeconds, mayBeZero }: { current: number; idleSeconds: number; mayBeZero: boolean },
  { zeroIdleSeconds }: GuardSettings,
): Step {
  const replicas = Math.max(0, Math.ceil(proposal.proposedReplicas));
  if (replicas > 0 && mayBeZero && zeroIdleSeconds !== null && idleSeconds > 0 && idleSeconds >= zeroIdleSeconds) {
    return { replicas: 0, note: `idle for ${trimmed(idleSeconds)} s: to zero` };
  }
  return { replicas, note: replicas === current ? null : proposal.because };
}

/** The count as a stage left it, passed by the next one. */
export const unchanged = ({ replicas }: Step): Step => ({ replicas, note: null });

/** What the stages before `applied` made of a count, in their order, each with its name. */
export function stagesOf(...steps: readonly Step[]): readonly GuardStage[] {
  return steps.map(({ replicas, note }, i) => ({ stage: GUARD_STAGES[i]!, replicas, note }));
}

/** Raises a count to the panic floor. */
export function floor(recommended: number, { panic }: GuardState): Step {
  if (panic.sinceMs === null || panic.peak <= recommended) return { replicas: recommended, note: null };
  return { replicas: panic.peak, note: `panic floor ${panic.peak}: ${panic.because ?? "held"}` };
}
