/** The product's own objective: what breaking the SLO costs, and what replicas cost, in one currency. */
import type { Reward } from "./published.ts";

export interface ProductRewardInput {
  /** Requests late, failed or shed ÷ requests that ended in the window, 0…1. */
  readonly violationShare: number;
  /** The window's load in replicas: what its requests need. */
  readonly neededReplicas: number;
  /** The same, as it usually is. */
  readonly usualReplicas: number;
  /** Replicas integrated over the window. */
  readonly replicaSeconds: number;
  readonly windowSeconds: number;
}

/** A violated request costs as much as so many times the replicas that serving it takes. */
export const VIOLATION_WEIGHT = 25;
/** Keeps returns near 1: the critic shares its network with the actor. */
const SCALE = 20;

/**
 * r = −(25 · v · N + n) ÷ (20 · (N̄ + 1)), where v is the share of requests that broke the SLO, N the replicas that the load
 * needs, n the replicas that stood, all means over the window, and N̄ what the load usually needs. Unlike `corrected`:
 * - it is the measure policies are judged by: Σ v · N is violated requests in units of their work, Σ n replica-seconds;
 * - a busy window weighs more than a quiet one, because more requests live in it;
 * - a large function weighs as much as a small one: both costs are told in multiples of its usual need;
 * - utilisation, memory and latency have no term of their own: they matter as far as requests break the SLO.
 */
export function productReward(input: ProductRewardInput): Reward {
  const { violationShare, neededReplicas, usualReplicas, replicaSeconds, windowSeconds } = input;
  const unit = SCALE * (usualReplicas + 1);
  const terms = {
    violations: (-VIOLATION_WEIGHT * violationShare * neededReplicas) / unit,
    replicas: -replicaSeconds / windowSeconds / unit,
  };
  return { total: terms.violations + terms.replicas, terms };
}
