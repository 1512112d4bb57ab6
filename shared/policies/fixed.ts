/** Always the same count: the baseline that does not scale. */
import type { ScalingPolicy } from "../core/policy.ts";
import { dimension, type Rule } from "./rule.ts";

/** Proposes the same count on every window. */
export function fixedPolicy(replicas: number): ScalingPolicy {
  return {
    identity: { name: `fixed:${replicas}`, version: "1" },
    propose: () => ({ proposedReplicas: replicas, because: `always ${replicas}` }),
  };
}

/** The rule `fixed`. */
export const fixedRule: Rule = {
  usage: "fixed:N",
  make(options) {
    const replicas = options.bareNumber("the count", { least: 0, whole: true });
    return () => fixedPolicy(replicas);
  },
  about: "always the same count: the baseline that does not scale",
  tunable: [dimension("", 1, 24, 1)],
  compared: ["fixed"],
};
