/** What was decided and why: every guard stage with its number. */
import type { ControlMemory } from "./control-memory.ts";
import type { Mode } from "./managed-function.ts";
import type { PolicyIdentity } from "./proposal.ts";

/** The guard's stages, in the order in which a count passes through them. */
export const GUARD_STAGES = ["valid", "proposed", "floor", "stabilised", "rate-limited", "bounded", "applied"] as const;
/** The name of one of the guard's stages. */
export type GuardStageName = (typeof GUARD_STAGES)[number];

/** One stage of a decision: the count that it left, and why it changed it. */
export interface GuardStage {
  readonly stage: GuardStageName;
  /** The replica count after this stage. */
  readonly replicas: number;
  /** Why the number changed here; null where it did not. */
  readonly note: string | null;
}

/** What led to the decision: a proposal in time, the fallback rule, or between windows the reactive floor, or a target held at a tick. */
export const DECISION_TRIGGERS = ["proposal", "fallback", "floor", "tick"] as const;
/** One of `DECISION_TRIGGERS`. */
export type DecisionTrigger = (typeof DECISION_TRIGGERS)[number];

/** A decision and what became of it: the event that the scaler publishes. */
export interface Applied {
  readonly decisionId: string;
  readonly functionName: string;
  readonly namespace: string;
  /** Of the window or tick decided on. */
  readonly generation: string;
  /** The window decided on; null for a floor decision between windows. */
  readonly seq: number | null;
  readonly atMs: number;
  readonly trigger: DecisionTrigger;
  readonly mode: Mode;
  readonly policy: PolicyIdentity;
  /** Desired replicas before. */
  readonly current: number | null;
  readonly proposed: number | null;
  readonly stages: readonly GuardStage[];
  /** What the guard decided. */
  readonly desired: number | null;
  /** What the platform accepted, read back; null when nothing was sent (hold, shadow) or the platform did not answer. */
  readonly applied: number | null;
  /** Who applied it: `openfaas`, `kubernetes`, `simulator`, `none`. */
  readonly target: string;
  /** Of the lease under which it was decided: grows from one scaler to the next; null where there is no lease. */
  readonly fencing: number | null;
  /** Since when the guard that decided remembers the function, trace time: a restart remembers nothing. Absent in older events. */
  readonly guardSinceMs?: number | undefined;
  /** The decision of the same guard before this one, so that a record shows its gaps; null for the first. Absent in older events. */
  readonly previousId?: string | null | undefined;
  /** The fast controller's state after it; absent where no target is held, and in older events. */
  readonly control?: ControlMemory | undefined;
  /** One sentence with the old count, the new one, and why. */
  readonly reason: string;
}
