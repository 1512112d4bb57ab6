/** `foresight` as a policy: asks for what its plan says, when it says so. */
import type { TickPolicy } from "../../sim/simulate.ts";
import type { PlanStep } from "./plan.ts";

/** Follows a plan, tick by tick. */
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
