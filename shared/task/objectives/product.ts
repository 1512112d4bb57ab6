/** The product's own objective: what breaking the SLO costs, and what replicas cost, in one currency. */
import type { Objective, Reward, StepFacts } from "./objective.ts";

/** What of a step's facts the formula reads. */
type Input = Pick<StepFacts, "violationShare" | "neededReplicas" | "usualReplicas" | "replicaSeconds"> & {
  readonly windowSeconds: number;
};

/** A violated request costs as much as so many times the replicas that serving it takes. */
const VIOLATION_WEIGHT = 25;
/** Keeps returns near 1: the critic shares its network with the actor. */
const SCALE = 20;

/**
 * r = −(25 · v · N + n) ÷ (20 · (N̄ + 1)), where v is the share of requests that broke the SLO, N the replicas that the load
 * needs, n the replicas that there were, all means over the window, and N̄ what the load usually needs. Unlike `corrected`:
 * - it is the measure policies are judged by: Σ v · N is violated requests in units of their work, Σ n replica-seconds;
 * - a busy window weighs more than a quiet one, because more requests live in it;
 * - a large function weighs as much as a small one: both costs are in multiples of its usual need;
 * - utilisation, memory and latency have no term of their own: they matter as far as requests break the SLO.
 */
export function productReward(input: Input): Reward {
  const { violationShare, neededReplicas, usualReplicas, replicaSeconds, windowSeconds } = input;
  const unit = SCALE * (usualReplicas + 1);
  const terms = {
    violations: (-VIOLATION_WEIGHT * violationShare * neededReplicas) / unit,
    replicas: -replicaSeconds / windowSeconds / unit,
  };
  return { total: terms.violations + terms.replicas, terms };
}

/** The reward of the shipped model: what its users pay for. */
export const product: Objective = {
  name: "product",
  beyondBounds: "clip",
  rewardOf: (facts) => productReward({ ...facts, windowSeconds: facts.window.windowSeconds }),
};
