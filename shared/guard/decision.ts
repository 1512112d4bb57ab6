/** What the guard answers, and how it is put into words. */
import type { Applied, DecisionTrigger, GuardStage } from "../core/decision.ts";
import type { PolicyIdentity } from "../core/proposal.ts";
import type { ForeignChange } from "./state.ts";

/**
 * `scale`: send `desired`. `keep`: all is well, the count stays. `hold`: nothing may be concluded (missing or stale data,
 * foreign change, unknown count), the count stays; send nothing.
 */
export type DecisionKind = "scale" | "keep" | "hold";

/** An `Applied` before it was applied. `stages` ends with `bounded`; `withApplied` adds the last. */
export interface GuardDecision extends Omit<Applied, "mode" | "applied" | "target" | "fencing"> {
  readonly kind: DecisionKind;
  /** The count was changed by someone else; it is adopted at the next window. */
  readonly foreignChange: ForeignChange | null;
}

/** "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro); rate-limited from 7: at most 5 within 15 s". */
export function reasonOf(decided: {
  readonly current: number;
  readonly desired: number;
  readonly kind: DecisionKind;
  /** The policy's clause; null where it was not used. */
  readonly because: string | null;
  readonly policy: PolicyIdentity;
  readonly trigger: DecisionTrigger;
  readonly stages: readonly GuardStage[];
}): string {
  const { current, desired, kind, because, policy, trigger, stages } = decided;
  const who = trigger === "fallback" ? `${policy.name}, fallback` : policy.name;
  const clause = because === null ? [] : [`${because} (${who})`];
  const notes = stages.flatMap(({ note }) => (note === null || note === because ? [] : [note]));
  const clauses = [...clause, ...notes];
  const head = kind === "hold" ? `${current}, held` : kind === "keep" ? `${current}, kept` : `${current} → ${desired}`;
  return `${head}: ${clauses.length > 0 ? clauses.join("; ") : "no reason to change"}`;
}
