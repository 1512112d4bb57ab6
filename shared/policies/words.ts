/** What policies share: whole replicas, what was recommended when, and what they say when they cannot compute a count. */
import type { PolicyAnswer } from "../core/policy.ts";
import type { DecidableWindow } from "../core/window.ts";

/** A count that was recommended, and when. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** Rounded up; what is whole but for binary fractions (4.5 ÷ (5 · 0.9)) stays as it is. */
export function wholeReplicas(wanted: number): number {
  return Math.max(0, Math.ceil(wanted - 1e-9));
}

/** What a rule needs was not measured: the count stays. */
export function hold(window: DecidableWindow, missing: string): PolicyAnswer {
  return { proposedReplicas: window.desiredReplicas, because: `${missing} not measured: hold` };
}
