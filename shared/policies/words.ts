/** How policies put their arithmetic into words, and what they say when they cannot reckon. */
import type { PolicyAnswer } from "../core/policy.ts";
import type { DecidableWindow } from "../core/window.ts";

/** At most two decimals, no trailing zeros: 3, 12.5, 0.33. */
export function trimmed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** What a rule needs was not measured: the count stays. */
export function hold(window: DecidableWindow, missing: string): PolicyAnswer {
  return { proposedReplicas: window.desiredReplicas, because: `${missing} not measured: hold` };
}
