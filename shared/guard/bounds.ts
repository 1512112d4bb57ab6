/** The bounds of the function and of the platform, and when the last replica may go. */
import { rangeWithin, type PlatformLimits, type ReplicaRange } from "../core/platform-limits.ts";
import type { Step } from "./stabilise.ts";
import { trimmed } from "../core/spoken.ts";

/** The counts that a function may have: the function's own range within the platform's. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  /** Whose the bounds are, in words. */
  readonly lowerName: string;
  readonly upperName: string;
}

/**
 * The narrower of both; where they contradict each other, the upper one wins. A limit of the platform that the count is beyond
 * is none: it moves nothing by itself.
 */
export function boundsOf(range: ReplicaRange, met: PlatformLimits | null, current: number): Bounds {
  const least = met?.minReplicas ?? 0;
  const most = met?.maxReplicas ?? Infinity;
  const platform = { minReplicas: current < least ? 0 : least, maxReplicas: current > most ? Infinity : most };
  const { minReplicas: lower, maxReplicas: upper } = rangeWithin(range, platform);
  return {
    lower,
    upper,
    lowerName: platform.minReplicas > range.minReplicas ? "the platform's minimum" : "the minimum",
    upperName: platform.maxReplicas < range.maxReplicas ? "the platform's cap" : "the maximum",
  };
}

/** What `bound` needs to know beside the bounds. */
export interface BoundContext {
  readonly current: number;
  /** How long there has been no work; null when that is not known. */
  readonly idleSeconds: number | null;
  /** False where a scale-down is forbidden: then a count above the bounds is left alone, and nothing is sent. */
  readonly mayLower: boolean;
}

/** The bounds are the last word: they go before stabilisation and rate limits. */
export function bound(
  recommended: number,
  bounds: Bounds,
  { current, idleSeconds, mayLower }: BoundContext,
  { zeroRetentionSeconds }: { readonly zeroRetentionSeconds: number },
): Step {
  if (recommended > bounds.upper) {
    const note = `${recommended} is above ${bounds.upperName} of ${bounds.upper}`;
    if (current > bounds.upper && !mayLower)
      return { replicas: current, note: `${note}, but nothing may scale down yet` };
    return { replicas: bounds.upper, note };
  }
  if (recommended < bounds.lower) {
    return { replicas: bounds.lower, note: `${recommended} is below ${bounds.lowerName} of ${bounds.lower}` };
  }
  // Even without retention, some idle time must have been seen: 0 s means that there was work, or that it is not known.
  const mayRest = idleSeconds !== null && idleSeconds > 0 && idleSeconds >= zeroRetentionSeconds;
  if (recommended === 0 && current > 0 && !mayRest) {
    return { replicas: 1, note: `the last replica stays until idle for ${trimmed(zeroRetentionSeconds)} s` };
  }
  return { replicas: recommended, note: null };
}
