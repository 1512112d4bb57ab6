/**
 * `slo-budget`: keeps an SLO by spending its budget of late requests, and no more.
 *
 * One number is learned: the headroom, how many times the replicas that the load keeps busy there are to be. Each window it moves by
 * how far the share of late requests was from the share aimed at: late requests buy replicas, and a budget left over sells them.
 * Between windows ticks hold it (`guard/control`). Nothing is to be set but the SLO.
 */
import type { ScalingPolicy } from "../../core/policy.ts";
import { BUDGET_DEFAULTS, learn } from "../../budget/learn.ts";
import { NOTHING_LEARNED, readMemory } from "../../budget/memory.ts";
import { answerOf, budgetTarget, untilServed, type TargetSettings } from "../../budget/target.ts";

/** The options of the policy `slo-budget`. */
export interface SloBudgetOptions extends TargetSettings {
  readonly name: string;
}

/** The options that `slo-budget` has by default. */
export const SLO_BUDGET_OPTIONS: SloBudgetOptions = {
  name: "slo-budget",
  ...BUDGET_DEFAULTS,
  holdSeconds: 15,
  burstPower: 2,
  holdStarts: 1.5,
};

/** Proposes a target whose headroom it learns from the share of late requests. */
export function sloBudgetPolicy(options: SloBudgetOptions = SLO_BUDGET_OPTIONS): ScalingPolicy {
  let memory = NOTHING_LEARNED;
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, memory: numbers }) {
      memory = learn(readMemory(numbers) ?? memory, window, managed, options);
      const target = budgetTarget(memory, managed, options);
      return target === null ? untilServed(window, managed) : { ...answerOf(target, window, managed), target };
    },
  };
}
