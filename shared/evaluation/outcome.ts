/** What a policy would have brought on a recorded load: a run in the simulator, in the currency of the product's objective. */
import type { EstimatedOutcome } from "../core/model-lifecycle.ts";
import type { PolicyFactory } from "../core/policy.ts";
import { countedViolationShare } from "../task/violations.ts";
import { productReward } from "../task/objectives/product.ts";
import type { Schedule } from "../traces/schedule.ts";
import type { SimProfile } from "../sim/profiles.ts";
import { simulate, type SimWindowTruth } from "../sim/simulate.ts";
import { meanOf } from "./bootstrap.ts";
import { replicasPerRps } from "./recorded-load.ts";

/** The run that an outcome is taken from. */
export interface OutcomeOptions {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly policy: PolicyFactory;
  readonly initialReplicas: number;
  readonly seed: number | string;
  /** Windows at the beginning that do not count: memories fill. */
  readonly warmUpWindows?: number;
}

/** The replicas that the load needs are computed at this use. */
const TARGET_USE = 0.7;

/** Runs the policy behind the guard, and sums up what it brought. */
export function outcomeOf(options: OutcomeOptions): EstimatedOutcome {
  const { schedule, profile, policy, initialReplicas, seed, warmUpWindows = 0 } = options;
  const { windows } = simulate({ schedule, profile, policy: policy(), seed, initialReplicas, guard: "on" });
  const truths = windows.slice(warmUpWindows).map(({ truth }) => truth);
  const { windowSeconds } = schedule;
  const need = (truth: SimWindowTruth) => (truth.arrivals / windowSeconds) * (replicasPerRps(profile) / TARGET_USE);
  const usualReplicas = meanOf(truths.map(need));
  const rewards = truths.map((truth) => {
    const violationShare = countedViolationShare(truth);
    const { replicaSeconds } = truth;
    return productReward({ violationShare, neededReplicas: need(truth), usualReplicas, replicaSeconds, windowSeconds })
      .total;
  });
  const sum = (of: (truth: SimWindowTruth) => number) => truths.reduce((total, truth) => total + of(truth), 0);
  const counts = { ok: sum(({ ok }) => ok), failed: sum(({ failed }) => failed), late: sum(({ late }) => late) };
  return {
    reward: meanOf(rewards),
    violationShare: countedViolationShare(counts),
    replicaSeconds: sum(({ replicaSeconds }) => replicaSeconds),
  };
}

/** Of outcomes on loads of the same length. */
export function meanOutcome(outcomes: readonly EstimatedOutcome[]): EstimatedOutcome {
  const mean = (of: (outcome: EstimatedOutcome) => number) => meanOf(outcomes.map(of));
  return {
    reward: mean(({ reward }) => reward),
    violationShare: mean(({ violationShare }) => violationShare),
    replicaSeconds: mean(({ replicaSeconds }) => replicaSeconds),
  };
}
