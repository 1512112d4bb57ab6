/** What became of a decision, and what the guard remembers of it. */
import type { GuardDecision } from "./decision.ts";
import { recordChange } from "./rate-limit.ts";
import type { GuardSettings } from "./settings.ts";
import type { Step } from "./stabilise.ts";
import type { GuardState } from "./state.ts";

/** What became of a decision. */
export type ScaleOutcome =
  | { readonly kind: "applied"; readonly replicas: number }
  /** Sent, but the platform did not answer: it may have happened. */
  | { readonly kind: "unanswered"; readonly because?: string }
  /** Nothing was sent: the count stays, or the mode is `shadow`. */
  | { readonly kind: "not-sent" };

/** A decision with all seven stages. */
export type SettledDecision = GuardDecision & { readonly applied: number | null };

/** Adds the last stage, and lets the guard remember what became of the decision: for rate limits and foreign changes. */
export function withApplied(
  state: GuardState,
  decision: GuardDecision,
  outcome: ScaleOutcome,
  settings: GuardSettings,
): { readonly decision: SettledDecision; readonly state: GuardState } {
  const { current, desired } = decision;
  if (current === null || desired === null) return { state, decision: { ...decision, applied: null } };
  const remembered = (replicas: number, expected: number | null): GuardState => ({
    ...state,
    expected,
    events: recordChange(state.events, { atMs: decision.atMs, change: replicas - current }, settings),
  });
  const finished = (step: Step, applied: number | null) => ({
    ...decision,
    stages: [...decision.stages, { stage: "applied" as const, ...step }],
    applied,
  });
  switch (outcome.kind) {
    case "applied": {
      const { replicas } = outcome;
      const note = replicas === desired ? null : `the platform made it ${replicas}`;
      return { state: remembered(replicas, replicas), decision: finished({ replicas, note }, replicas) };
    }
    case "unanswered":
      return {
        state: remembered(desired, null),
        decision: finished({ replicas: desired, note: outcome.because ?? "the platform did not answer" }, null),
      };
    case "not-sent": {
      const note = decision.kind === "scale" ? "nothing was sent" : null;
      return { state, decision: finished({ replicas: current, note }, null) };
    }
  }
}
