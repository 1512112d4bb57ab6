/** Plans tried in the simulator on one schedule and seed, and the cheapest of them that kept the SLO. */
import { budgetOf } from "../../core/slo.ts";
import { costOf } from "../cost.ts";
import type { PlanStep } from "./plan.ts";
import { replay, type ReplayOptions } from "./replay.ts";

/** A plan and what it came to. */
export interface Trial {
  readonly plan: readonly PlanStep[];
  readonly lateShare: number;
  readonly replicaSeconds: number;
  readonly replicaStarts: number;
  readonly cost: number;
}

/** Replays plans, and keeps the cheapest one that kept the SLO. */
export class Trials {
  readonly #options: ReplayOptions;
  readonly #startCostSeconds: number;
  readonly budget: number;
  /** Null while none kept the SLO. */
  best: Trial | null = null;
  count = 0;

  constructor(options: ReplayOptions, startCostSeconds: number) {
    this.#options = options;
    this.#startCostSeconds = startCostSeconds;
    this.budget = budgetOf(options.profile.slo);
  }

  /** Whether the plan kept the SLO. */
  keeps(plan: readonly PlanStep[], initialReplicas = this.#options.initialReplicas): boolean {
    const trial = this.run(plan, initialReplicas);
    const isKept = trial.lateShare <= this.budget;
    if (isKept && (this.best === null || trial.cost < this.best.cost)) this.best = trial;
    return isKept;
  }

  /** Replays the plan and prices what it came to; counts as a trial. */
  run(plan: readonly PlanStep[], initialReplicas = this.#options.initialReplicas): Trial {
    this.count++;
    const outcome = replay(plan, { ...this.#options, initialReplicas });
    return { plan, ...outcome, cost: costOf(outcome, this.#startCostSeconds)! };
  }
}
