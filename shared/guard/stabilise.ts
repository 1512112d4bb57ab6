/** Scale-down waits: only to the largest recommendation of the last seconds, and never just after a restart. */
import { trimmed } from "../core/spoken.ts";
import { withNewest } from "./running-largest.ts";

/** The count recommended after the floor, or the count that was held. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** Adds what is recommended now, and forgets what is older than the stabilisation span; one exactly as old still counts, as in HPA. */
export function remember(
  { recommendations, clockMs }: { readonly recommendations: readonly Recommendation[]; readonly clockMs: number },
  replicas: number,
  { stabilisationSeconds }: { readonly stabilisationSeconds: number },
): Recommendation[] {
  const sinceMs = clockMs - stabilisationSeconds * 1000;
  return withNewest(recommendations, { atMs: clockMs, replicas }, ({ atMs }) => atMs < sinceMs);
}

/** The count after a stage, and why the stage changed it. */
export interface Step {
  readonly replicas: number;
  /** Why the number changed; null when it did not. */
  readonly note: string | null;
}

/** Within one stable window of the start: what this guard has not seen, it cannot conclude from. */
export function justRestarted(
  { nowMs, startedAtMs }: { readonly nowMs: number; readonly startedAtMs: number },
  { stableWindowSeconds }: { readonly stableWindowSeconds: number },
): boolean {
  return nowMs - startedAtMs <= stableWindowSeconds * 1000;
}

/** `recommendations` already holds this one. A scale-up passes untouched. */
export function stabilise(
  recommended: number,
  {
    current,
    recommendations,
    nowMs,
    startedAtMs,
  }: { current: number; recommendations: readonly Recommendation[]; nowMs: number; startedAtMs: number },
  settings: { readonly stabilisationSeconds: number; readonly stableWindowSeconds: number },
): Step {
  if (recommended >= current) return { replicas: recommended, note: null };
  if (justRestarted({ nowMs, startedAtMs }, settings)) {
    const note = `no scale-down within ${trimmed(settings.stableWindowSeconds)} s after a restart`;
    return { replicas: current, note };
  }
  const largest = recommendations.reduce((most, candidate) => (candidate.replicas > most.replicas ? candidate : most), {
    atMs: nowMs,
    replicas: recommended,
  });
  const replicas = Math.min(current, largest.replicas);
  if (replicas === recommended) return { replicas, note: null };
  const agoSeconds = trimmed((nowMs - largest.atMs) / 1000);
  return { replicas, note: `stabilised from ${recommended}: ${largest.replicas} recommended ${agoSeconds} s ago` };
}
