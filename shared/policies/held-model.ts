/**
 * A model held by ticks, `<model>@held`. By itself a checkpoint decides a count at each window's end, behind the guard that it was
 * trained with. Held, the room that it asks for becomes a target, which ticks hold behind guard 2: a burst need not wait for a window.
 *
 * The model knows loads but does not aim at an SLO; `slo-budget` aims at one but knows no loads. So the model adjusts the headroom that
 * `slo-budget` has learned, headroom = that of `slo-budget` × √(the action's ÷ a usual one), and `slo-budget` goes on learning from the
 * share of late requests that follows.
 */
import type { ReplicaTarget } from "../core/replica-target.ts";
import { BadInputError } from "../core/errors.ts";
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "../core/policy.ts";
import type { LearnedAnswer, LearnedModel } from "./learned.ts";
import { sloBudgetPolicy } from "./slo-budget/policy.ts";

/** The suffix of a model's name by which ticks hold its target. */
export const HELD = "@held";

/** What a policy's name says: which model, and whether ticks hold it. */
export function heldName(name: string): { readonly model: string; readonly isHeld: boolean } {
  const isHeld = name.endsWith(HELD);
  return { model: isHeld ? name.slice(0, -HELD.length) : name, isHeld };
}

/** "lstm-ppo-plus@product, held by ticks": for people. */
export function policyInWords(name: string): string {
  const { model, isHeld } = heldName(name);
  return isHeld ? `${model}, held by ticks` : model;
}

/** The same, held. Throws `BadInputError` where its actions change a count: they leave no room that could be held. */
export function heldModel(model: LearnedModel): LearnedModel {
  const { name, version } = model.identity;
  if (!model.task.actions.isHoldable) throw new BadInputError(notHeadroom(name));
  return { ...model, identity: { name: `${name}${HELD}`, version }, isHeld: true };
}

/** The refusal of a model that changes counts, as a sentence. */
export function notHeadroom(name: string): string {
  return `'${name}${HELD}': only a model whose actions are headrooms can be held by ticks, this one's change the count`;
}

/** The action that is taken as `slo-budget` would have it: the model leaves less room, or more. */
const USUAL_TIMES = 1.7;
/** A model's opinion counts by its square root: it was not trained to aim at the SLO. */
const POWER = 0.5;

/** Turns one function's answers into targets. */
export class ModelHold {
  readonly #budget: ScalingPolicy = sloBudgetPolicy();

  /** The answer with `slo-budget`'s target, its headroom scaled by the action's; without a target where there is none yet. */
  hold({ headroom: request, ...answer }: LearnedAnswer, input: PolicyInput): PolicyAnswer {
    const { target: aimed, proposedReplicas, because } = this.#budget.propose(input);
    if (aimed === undefined || request === null) return { ...answer, proposedReplicas, because };
    const { of, times, need, sureRatio } = request;
    const headroom = aimed.headroom * (times / USUAL_TIMES) ** POWER;
    const atPeak = of === "peak" ? Math.ceil(headroom * need.peak - 1e-9) : 0;
    const what = of === "peak" ? "the latest peak" : "the load";
    const target: ReplicaTarget = {
      ...aimed,
      headroom,
      leastReplicas: Math.min(input.managed.maxReplicas, atPeak),
      headroomWords: `learned: ${times} × ${what}, ${Math.round(100 * sureRatio)} % sure`,
    };
    return { ...answer, proposedReplicas: Math.ceil(headroom * need[of] - 1e-9), target };
  }
}
