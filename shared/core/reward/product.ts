/** The product's own objective: what breaking the SLO costs, and what replicas cost, in one currency. */
import type { Reward } from "../reward.ts";

export interface ProductRewardInput {
  /** Requests late, failed or shed ÷ requests that ended in the window, 0…1. */
  readonly violationShare: number;
  /** The window's load in replicas: what its requests need. */
  readonly neededReplicas: number;
  /** Replicas integrated over the window. */
  readonly replicaSeconds: number;
  readonly windowSeconds: number;
}

/** A violated request costs as much as so many times the replicas that serving it takes. */
export const VIOLATION_WEIGHT = 12;
/** Keeps rewards near 1. */
const SCALE = 5;

/**
 * r = −(12 · v · max(1, N) + n) ÷ 5, where v is the share of requests that broke the SLO, N the replicas that the load needs,
 * n the replicas that stood, both means over the window. Unlike `corrected`:
 * - it is the measure policies are judged by: Σ v · N is violated requests in units of their work, Σ n replica-seconds;
 * - a busy window weighs more than a quiet one, because more requests live in it;
 * - utilisation, memory and latency have no term of their own: they matter as far as requests break the SLO.
 */
export function productReward(input: ProductRewardInput): Reward {
  const { violationShare, neededReplicas, replicaSeconds, windowSeconds } = input;
  const terms = {
    violations: (-VIOLATION_WEIGHT * violationShare * Math.max(1, neededReplicas)) / SCALE,
    replicas: -replicaSeconds / windowSeconds / SCALE,
  };
  return { total: terms.violations + terms.replicas, terms };
}
