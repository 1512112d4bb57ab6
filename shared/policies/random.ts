/** A walk without aim: the baseline that any learner must beat. */
import type { ScalingPolicy } from "../core/policy.ts";
import { type Random, seededRandom } from "../core/random.ts";
import type { Rule } from "./rule.ts";

/** Moves by −`step`…+`step`, each as likely, and turns at the bounds of the function. */
export function randomPolicy(random: Random, { name = "random", step = 2 } = {}): ScalingPolicy {
  return {
    identity: { name, version: "1" },
    propose({ window, managed }) {
      const move = random.integer(2 * step + 1) - step;
      const proposedReplicas = Math.min(
        managed.maxReplicas,
        Math.max(managed.minReplicas, window.desiredReplicas + move),
      );
      return {
        proposedReplicas,
        because: `${window.desiredReplicas} ${move < 0 ? "−" : "+"} ${Math.abs(move)} by chance`,
      };
    },
  };
}

/** The rule `random`. */
export const randomRule: Rule = {
  usage: "random[:step=2,seed=N]",
  make(options, { seed: given = 1 }) {
    const step = options.number("step", 2, { least: 0, most: 1000, whole: true });
    const seed = options.number("seed", null, { least: 0, whole: true }) ?? given;
    return () => randomPolicy(seededRandom(seed).fork("random-policy"), { name: options.text, step });
  },
  about: "a walk without aim: the baseline that any learner must beat",
  tunable: [],
  compared: [],
};
