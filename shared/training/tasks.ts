/** The environments of a training, made alike in whatever thread plays them. */
import type { AgentSettings } from "../rl/agents.ts";
import { simProfile, type SimProfile } from "../sim/profiles.ts";
import { simulatedTask } from "../sim/simulated-task.ts";
import type { Environment } from "../task/environment/contract.ts";
import {
  mixedLoad,
  plainTraceLoad,
  scaledTraceLoad,
  syntheticLoad,
  type TrainingLoad,
  type TrainingTrace,
} from "../traces/training-loads.ts";

/** All that a thread needs to know; it can be sent to one. */
export interface TaskPlan {
  readonly settings: AgentSettings;
  readonly traces: readonly TrainingTrace[];
  /** Whether traces keep their rates; else each episode is scaled to a need of its own, and shapes are made up besides. */
  readonly keepsRates: boolean;
  /** Environment i simulates profile i, over and over. */
  readonly profiles: readonly string[];
}

/** Environment number `index` of a training. */
export function makeTask(plan: TaskPlan, index: number): Environment {
  const { layout, objective, actions, hyperparameters } = plan.settings;
  const { episodeWindows, randomisePlatform, guard, comparedRewards } = hyperparameters;
  const profile = simProfile(plan.profiles[index % plan.profiles.length]!);
  const load = loadOf(plan);
  return simulatedTask({
    ...{ layout, objective, actions, profile, episodeWindows, comparesWithBaseline: comparedRewards },
    load: ({ random, seconds }) =>
      load({ random, seconds, rpsPerReplica: rpsPerReplica(profile), workCv: profile.workCv }),
    guard: guard ? "on" : "off",
    episodes: randomisePlatform ? { randomise: true, initialReplicas: "random" } : {},
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
