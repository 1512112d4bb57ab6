/** The environments of a training, made alike in whatever thread plays them. */
import { NO_CHANGE } from "../task/actions/change.ts";
import { STEADY_HEADROOM } from "../task/actions/headroom.ts";
import type { Environment } from "../task/environment.ts";
import { comparedWith } from "../task/environment/baseline-rewards.ts";
import { scalingTask, type RequestOf } from "../task/scaling-task.ts";
import type { AgentSettings } from "../rl/settings.ts";
import {
  mixedLoad,
  plainTraceLoad,
  scaledTraceLoad,
  syntheticLoad,
  type TrainingLoad,
  type TrainingTrace,
} from "../traces/training-loads.ts";
import { managedFunctionOf, simProfile, type SimProfile } from "../sim/profiles.ts";
import { ScalingEnvironment, type ScalingOptions } from "../sim/scaling-environment.ts";

/** All that a thread needs to know; it can be sent to one. */
export interface TaskPlan {
  readonly settings: AgentSettings;
  readonly traces: readonly TrainingTrace[];
  /** Whether traces keep their rates; else each episode is scaled to a need of its own, and shapes are made up besides. */
  readonly keepsRates: boolean;
  /** Environment i simulates profile i, over and over. */
  readonly profiles: readonly string[];
}

export function makeTask(plan: TaskPlan, index: number): Environment {
  const task = makePlainTask(plan, index);
  if (!plan.settings.hyperparameters.comparedRewards) return task;
  const steadyAction = plan.settings.actions === "headroom" ? STEADY_HEADROOM : NO_CHANGE;
  return comparedWith(task, makePlainTask(plan, index), steadyAction);
}

function makePlainTask(plan: TaskPlan, index: number): Environment {
  const { layout, objective, actions, hyperparameters } = plan.settings;
  const { episodeWindows, randomisePlatform, guard } = hyperparameters;
  const profile = simProfile(plan.profiles[index % plan.profiles.length]!);
  const load = loadOf(plan);
  const makeEnvironment = (requestOf: RequestOf | undefined) =>
    new ScalingEnvironment({
      profile,
      workload: ({ random, seconds }) =>
        load({ random, seconds, rpsPerReplica: rpsPerReplica(profile), workCv: profile.workCv }),
      // What the environment itself observes and rewards is replaced where the product has its own.
      layout: layout === "replicant-24" ? "plus-8" : layout,
      objective: objective === "product" ? "corrected" : objective,
      episodeWindows,
      guard: guard ? "on" : "off",
      ...(requestOf && { requestOf }),
    });
  const options: ScalingOptions = randomisePlatform ? { randomise: true, initialReplicas: "random" } : {};
  return scalingTask(makeEnvironment, {
    managed: managedFunctionOf(profile),
    layout,
    actions,
    reward: objective === "product" ? "product" : "environment",
    options,
  });
}

function loadOf({ traces, keepsRates }: TaskPlan): TrainingLoad {
  if (keepsRates) return plainTraceLoad(traces);
  return mixedLoad([scaledTraceLoad(traces), syntheticLoad]);
}

/** At 70 % of what it can: computing, or, where few calls fit in at once, holding places. */
function rpsPerReplica({ cpuSeconds, sleepSeconds, parameters }: SimProfile): number {
  const byCpu = (0.7 * parameters.cpuLimitCores) / cpuSeconds;
  if (parameters.maxInflight === 0) return byCpu;
  return Math.min(byCpu, (0.7 * parameters.maxInflight) / (sleepSeconds + cpuSeconds));
}
