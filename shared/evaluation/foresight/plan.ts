/** A plan: which count of replicas is asked for when, and `foresight`, the policy that follows it. */
import type { TickPolicy } from "../../sim/simulate.ts";
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

/** `foresight` as a policy: asks for what its plan says, when it says so. */
export function foresightPolicy(plan: readonly PlanStep[], name: string): TickPolicy {
  let next = 0;
  return {
    identity: { name, version: "1" },
    onTick({ atMs }) {
      const first = next;
      while (next < plan.length && plan[next]!.atSeconds * 1000 <= atMs) next++;
      if (next === first) return null;
      return {
        proposedReplicas: plan[next - 1]!.replicas,
        because: "the plan that keeps the SLO at the least cost found",
      };
    },
  };
}
