/** How long a replica takes to start on this platform, seen from outside. */
import type { Tick } from "./window.ts";

/** Fading sums; Little's law makes the mean of them: replicas that are starting at any time = starts a second × seconds of a start. */
export interface Starts {
  /** ∫ replicas wanted and not ready dt, seconds. */
  readonly pendingSeconds: number;
  /** Replicas asked for. */
  readonly asked: number;
  /** The last tick that reported both counts; null before the first. */
  readonly last: { readonly atMs: number; readonly desired: number; readonly pending: number } | null;
}

/** The state before the first tick. */
export const NO_STARTS: Starts = { pendingSeconds: 0, asked: 0, last: null };

/** Weight of a start against the one after it: about the last twenty count. */
const KEEP = 0.95;
/** After a longer time without a tick it is not known what happened meanwhile. */
const LONGEST_GAP_MS = 60_000;

/** Takes a tick's counts; one that lacks them, or comes after a minute's gap, adds nothing. */
export function watchStarts(
  { pendingSeconds, asked, last }: Starts,
  {
    atMs,
    desiredReplicas: desired,
    availableReplicas: available,
  }: Pick<Tick, "atMs" | "desiredReplicas" | "availableReplicas">,
): Starts {
  if (desired === null || available === null) return { pendingSeconds, asked, last };
  const missing = Math.max(0, desired - available);
  if (last === null || atMs <= last.atMs || atMs - last.atMs > LONGEST_GAP_MS)
    return { pendingSeconds, asked, last: { atMs, desired, pending: missing } };
  const started = Math.max(0, desired - last.desired);
  // A replica that broke is missing, too, and was not asked for: how long it takes to come back says nothing of a start.
  const next = { atMs, desired, pending: Math.min(missing, last.pending + started) };
  const keep = KEEP ** started;
  return {
    pendingSeconds: keep * pendingSeconds + ((atMs - last.atMs) / 1000) * last.pending,
    asked: keep * asked + started,
    last: next,
  };
}

/** Mean seconds from asking for a replica to its being ready; null before the first was asked for. */
export function startSecondsOf({ pendingSeconds, asked }: Starts): number | null {
  return asked > 0 ? pendingSeconds / asked : null;
}
