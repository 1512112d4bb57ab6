/** What every policy is: a function of what was measured, with a memory of its own. */
import type { ManagedFunction } from "./managed-function.ts";
import type { LearnedDetail, PolicyIdentity } from "./proposal.ts";
import type { DecidableWindow } from "./window.ts";

export interface PolicyInput {
  readonly window: DecidableWindow;
  readonly managed: ManagedFunction;
  /** Trace time; the end of the window. */
  readonly nowMs: number;
}

export interface PolicyAnswer {
  /** A wish: may lie outside the bounds, which are the guard's business. */
  readonly proposedReplicas: number;
  readonly because: string;
  readonly learned?: LearnedDetail;
}

/**
 * Proposes a replica count, one window after the other. Keeps what it remembers to itself; a new instance that is shown
 * the same windows in the same order proposes the same counts.
 */
export interface ScalingPolicy {
  readonly identity: PolicyIdentity;
  propose(input: PolicyInput): PolicyAnswer;
}

/** Makes a fresh policy for one function. */
export type PolicyFactory = () => ScalingPolicy;
