/** What every policy is: a function of what was measured, with a memory of its own. */
import type { ReplicaTarget } from "./replica-target.ts";
import type { ManagedFunction } from "./managed-function.ts";
import type { LearnedDetail, PolicyIdentity } from "./proposal.ts";
import type { DecidableWindow } from "./window.ts";

/** What a policy is given at the end of a window. */
export interface PolicyInput {
  readonly window: DecidableWindow;
  readonly managed: ManagedFunction;
  /** Trace time; the end of the window. */
  readonly nowMs: number;
  /** What an earlier instance remembered, given once to a fresh one: it goes on from there, whatever it saw before. */
  readonly memory?: Readonly<Record<string, number>> | undefined;
}

/** What a policy recommends for the next window, and why. */
export interface PolicyAnswer {
  /** A recommendation: may lie outside the bounds, which are the guard's business. */
  readonly proposedReplicas: number;
  readonly because: string;
  readonly learned?: LearnedDetail;
  /** Where it is given, ticks hold it until the next window: the count above is only for a platform without ticks. */
  readonly target?: ReplicaTarget | undefined;
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
