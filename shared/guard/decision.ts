/** What the guard answers, and how it is put into words. */
import type { Applied } from "../core/decision.ts";
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

/** What a decision begins with: whom it is about, and what it was made for. */
export type DecisionHead = Pick<
  GuardDecision,
  "decisionId" | "functionName" | "namespace" | "generation" | "seq" | "atMs" | "trigger" | "policy"
>;

/** What became of a count in the stages. */
export interface DecisionBody extends Pick<GuardDecision, "kind" | "proposed" | "stages" | "foreignChange"> {
  readonly current: number;
}

/**
 * The decision with its reason: "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro); rate-limited from 7: at most 5 within 15 s".
 * `because`: the policy's clause; null where it was not used.
 */
export function decisionOf(head: DecisionHead, body: DecisionBody, because: string | null): GuardDecision {
  const { policy, trigger } = head;
  const { kind, current, proposed, stages, foreignChange } = body;
  const desired = stages.at(-1)!.replicas;
  const who = trigger === "fallback" ? `${policy.name}, fallback` : policy.name;
  const clause = because === null ? [] : [`${because} (${who})`];
  const notes = stages.flatMap(({ note }) => (note === null || note === because ? [] : [note]));
  const clauses = [...clause, ...notes];
  const counts = kind === "scale" ? `${current} → ${desired}` : `${current}, ${kind === "hold" ? "held" : "kept"}`;
  const reason = `${counts}: ${clauses.length > 0 ? clauses.join("; ") : "no reason to change"}`;
  return { ...head, kind, current, proposed, stages, desired, foreignChange, reason };
}
