/** A policy's target in the fast controller's hands: the same steps in the scaler and in simulated time. */
import type { PolicyAnswer } from "../../core/policy.ts";
import type { PolicyIdentity } from "../../core/proposal.ts";
import type { Tick } from "../../core/window.ts";
import { NO_CONTROL, takeTarget, takeTick, wantedReplicas, type ControlState, type Wanted } from "./controller.ts";
import { NO_STARTS, startSecondsOf } from "../../core/starts.ts";
import type { ControlMemory } from "../../core/control-memory.ts";
import type { ReplicaTarget } from "../../core/replica-target.ts";
import { totalOf } from "./steady-rate.ts";

/** A policy's target and the state of the fast controller that holds it; plain data. */
export interface Held {
  readonly policy: PolicyIdentity;
  readonly target: ReplicaTarget;
  readonly control: ControlState;
}

/** The part of a policy's answer that a scaler needs. */
export type Answer = Pick<PolicyAnswer, "proposedReplicas" | "because" | "target">;

/**
 * Takes a window's answer. Where it has a target, `wanted` is what that comes to at once; else its own count, and nothing is held
 * from here on.
 */
export function holdAnswer(
  before: Held | null,
  answer: Answer,
  policy: PolicyIdentity,
  nowMs: number,
): { readonly held: Held | null; readonly wanted: Wanted } {
  const { target } = answer;
  if (target === undefined) return { held: null, wanted: answer };
  const control = takeTarget(before?.control ?? NO_CONTROL, target, nowMs);
  // Before the first ticks nothing is known of the rate but what the window says.
  return { held: { policy, target, control }, wanted: wantedReplicas(control, target, nowMs) ?? answer };
}

/** Takes a tick; `wanted` is null where the target cannot be computed from what was measured lately. */
export function tickHeld(
  { policy, target, control: before }: Held,
  tick: Tick,
): { readonly held: Held; readonly wanted: Wanted | null } {
  const control = takeTick(before, tick, target);
  return { held: { policy, target, control }, wanted: wantedReplicas(control, target, tick.atMs) };
}

/** What `restoreHeld` goes on from: two numbers of the rate, a start's seconds, and the target with the policy's own memory. */
export function memoryOf({ policy, target, control }: Held): ControlMemory {
  return { policy, target, span: totalOf(control.span.pieces), startSeconds: startSecondsOf(control.starts) };
}

/** Goes on where another left off: the rate is known; what was needed lately is not. */
export function restoreHeld({ policy, target, span, startSeconds }: ControlMemory): Held {
  const starts = startSeconds === null ? NO_STARTS : { ...NO_STARTS, pendingSeconds: startSeconds, asked: 1 };
  return {
    policy,
    target,
    control: { ...NO_CONTROL, starts, span: { pieces: span.seconds > 0 ? [span] : [], before: null } },
  };
}
