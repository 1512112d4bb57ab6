/** Scale-down waits: only to the largest wish of the last seconds, and never just after a restart. */
import { trimmed } from "./words.ts";

/** What was wished for after the floor, or the count that was held. */
export interface Wish {
  readonly atMs: number;
  readonly replicas: number;
}

/** Adds a wish and forgets those older than the stabilisation span (one exactly as old still counts, as in HPA). */
export function remember(wishes: readonly Wish[], wish: Wish, stabilisationSeconds: number): Wish[] {
  const sinceMs = wish.atMs - stabilisationSeconds * 1000;
  return [...wishes.filter(({ atMs }) => atMs >= sinceMs), wish];
}

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

/** `wishes` already holds this one. A scale-up passes untouched. */
export function stabilise(
  wish: number,
  {
    current,
    wishes,
    nowMs,
    startedAtMs,
  }: { current: number; wishes: readonly Wish[]; nowMs: number; startedAtMs: number },
  settings: { readonly stabilisationSeconds: number; readonly stableWindowSeconds: number },
): Step {
  if (wish >= current) return { replicas: wish, note: null };
  if (justRestarted({ nowMs, startedAtMs }, settings)) {
    const note = `no scale-down within ${trimmed(settings.stableWindowSeconds)} s after a restart`;
    return { replicas: current, note };
  }
  const largest = wishes.reduce((most, candidate) => (candidate.replicas > most.replicas ? candidate : most), {
    atMs: nowMs,
    replicas: wish,
  });
  const replicas = Math.min(current, largest.replicas);
  if (replicas === wish) return { replicas, note: null };
  const agoSeconds = trimmed((nowMs - largest.atMs) / 1000);
  return { replicas, note: `stabilised from ${wish}: ${largest.replicas} recommended ${agoSeconds} s ago` };
}
