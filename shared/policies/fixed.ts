/** Always the same count: the baseline that does not scale. */
import type { ScalingPolicy } from "../core/policy.ts";

export function fixedPolicy(replicas: number): ScalingPolicy {
  return {
    identity: { name: `fixed:${replicas}`, version: "1" },
    propose: () => ({ proposedReplicas: replicas, because: `always ${replicas}` }),
  };
}
