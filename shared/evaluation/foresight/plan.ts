/** A plan: which count of replicas is asked for when. */
import type { Slots } from "./slots.ts";

/** From this instant on, so many replicas are asked for. */
export interface PlanStep {
  readonly atSeconds: number;
  readonly replicas: number;
}

/** Pace at which a plan may change: that of the simulator's ticks, on which it is replayed. */
export const PLAN_TICK_SECONDS = 2;

/**
 * Counts by slot as requests: what must be ready when a slot begins is asked for `leadSeconds` before, what is not needed in it
 * leaves as it begins. Instants are whole ticks, the first of which is not at the start.
 */
export function planOf(
  counts: ArrayLike<number>,
  slots: Slots,
  leadSeconds: number,
  initialReplicas: number,
): PlanStep[] {
  const steps: PlanStep[] = [];
  let replicas = initialReplicas;
  for (let slot = 0; slot < counts.length; slot++) {
    const wanted = counts[slot]!;
    if (wanted === replicas) continue;
    const dueSeconds = slot * slots.slotSeconds - (wanted > replicas ? leadSeconds : 0);
    const atSeconds = Math.max(1, Math.round(dueSeconds / PLAN_TICK_SECONDS)) * PLAN_TICK_SECONDS;
    steps.push({ atSeconds, replicas: wanted });
    replicas = wanted;
  }
  return steps;
}
