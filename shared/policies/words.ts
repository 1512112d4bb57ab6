/** What policies share: what was recommended when, and what they say when they cannot compute a count. */
import type { PolicyAnswer } from "../core/policy.ts";
import type { DecidableWindow } from "../core/window.ts";

/** A count that was recommended, and when. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** What a rule needs was not measured: the count stays. */
export function hold(window: DecidableWindow, missing: string): PolicyAnswer {
  return { proposedReplicas: window.desiredReplicas, because: `${missing} not measured: hold` };
}
