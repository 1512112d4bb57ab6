/** Plans tried in the simulator on one schedule and seed, and the cheapest of them that kept the SLO. */
import { seededRandom } from "../../core/random.ts";
import { budgetOf } from "../../core/slo.ts";
import { SimulatedPlatform } from "../../sim/platform.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import type { Schedule } from "../../traces/schedule.ts";
import { costOf } from "../cost.ts";
import type { PlanStep } from "./plan.ts";

/** The run that plans are replayed on. */
export interface TrialOptions {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly seed: number | string;
  readonly initialReplicas: number;
}

/** A plan and what it came to. */
export interface Trial {
  readonly plan: readonly PlanStep[];
  readonly lateShare: number;
  readonly cost: number;
}

/** Replays plans, and keeps the cheapest one that kept the SLO. */
export class Trials {
  readonly #options: TrialOptions;
  readonly #startCostSeconds: number;
  readonly budget: number;
  /** Null while none kept the SLO. */
  best: Trial | null = null;
  count = 0;

  constructor(options: TrialOptions, startCostSeconds: number) {
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
    const { lateShare, ...spent } = replay(plan, { ...this.#options, initialReplicas });
    return { plan, lateShare, cost: costOf(spent, this.#startCostSeconds)! };
  }
}

/** Unobserved, which is quick. Steps in ascending order; the same calls, routes and starts as `simulate` has with this seed. */
function replay(steps: readonly PlanStep[], { schedule, profile, seed, initialReplicas }: TrialOptions) {
  const random = seededRandom(seed).fork("platform");
  const platform = new SimulatedPlatform({ profile, schedule, replicas: initialReplicas, random });
  for (const { atSeconds, replicas } of steps) {
    platform.runUntil(atSeconds);
    platform.scale(replicas);
  }
  const { windowSeconds, durationSeconds } = schedule;
  platform.runUntil(Math.ceil(durationSeconds / windowSeconds - 1e-9) * windowSeconds);
  const { replicaSeconds, tally } = platform;
  const p = profile.parameters;
  const endSeconds =
    platform.nowSeconds + p.upstreamTimeoutSeconds + p.scaleFromZeroPollSeconds * p.scaleFromZeroPolls + 1;
  while (platform.waiting > 0 && platform.nowSeconds < endSeconds) platform.runUntil(platform.nowSeconds + 1);
  const { arrivals, late, failed, replicaStarts } = tally;
  return { lateShare: arrivals === 0 ? 0 : (late + failed) / arrivals, replicaSeconds, replicaStarts };
}
