/** Learning on-line without care: drawn actions go to the platform as they are, and what happens is all there is to learn from. */
import type { Schedule } from "#shared/traces/schedule.ts";
import { initialReplicas } from "#shared/evaluation/foresight.ts";
import type { MakeEngine } from "#shared/policies/served-model.ts";
import { AGENTS } from "#shared/rl/agents.ts";
import type { TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import type { Weights } from "#shared/rl/engine/network.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import { scalingTask } from "#shared/task/scaling-task.ts";
import { liveSettings } from "#shared/rl/settings.ts";
import { managedFunctionOf, type SimProfile } from "#shared/sim/profiles.ts";
import { ScalingEnvironment, type ScalingInfo } from "#shared/sim/scaling-environment.ts";

export interface ExploringRun {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly seed: number;
  readonly start: { readonly record: TrainingRecord; readonly weights: Weights };
  readonly rolloutWindows: number;
  readonly makeEngine: MakeEngine;
}

export interface Told {
  readonly calls: number;
  readonly violations: number;
  readonly replicaSeconds: number;
}

export async function runExploring(run: ExploringRun): Promise<Told> {
  const { schedule, profile, seed, start, rolloutWindows, makeEngine } = run;
  const { settings, network, statistics } = start.record;
  const { layout, objective, actions, hyperparameters } = liveSettings(settings, rolloutWindows);
  const episodeWindows = Math.floor(schedule.durationSeconds / schedule.windowSeconds) - 1;
  const steps = Math.floor(episodeWindows / rolloutWindows) * rolloutWindows;
  let calls = 0;
  let violations = 0;
  let replicaSeconds = 0;
  const count = ({ ok, failed, late, replicaSeconds: used }: ScalingInfo) => {
    calls += ok + failed;
    violations += late + failed;
    replicaSeconds += used;
  };

  class Counted extends ScalingEnvironment {
    override step(action: number) {
      const step = super.step(action);
      count(step.info);
      return step;
    }
  }

  const engine = makeEngine(network, start.weights);
  const collector = localCollector({
    engine,
    environments: 1,
    seed,
    makeEnvironment: () =>
      scalingTask(
        (requestOf) =>
          new Counted({
            profile,
            workload: () => schedule,
            layout: layout === "replicant-24" ? "plus-8" : layout,
            objective: objective === "product" ? "corrected" : objective,
            episodeWindows,
            windowSeconds: schedule.windowSeconds,
            guard: "off",
            ...(requestOf && { requestOf }),
          }),
        {
          managed: managedFunctionOf(profile),
          ...{ layout, actions, reward: objective === "product" ? "product" : "environment" },
          options: { initialReplicas: initialReplicas(schedule, profile) },
        },
      ),
  });
  try {
    const from = { round: 0, steps: 0, statistics, places: null };
    const training = { engine, collector, hyperparameters, seed, totalSteps: steps, from };
    for await (const _round of AGENTS[settings.agent](training));
    return { calls, violations, replicaSeconds };
  } finally {
    await collector.close();
    engine.close();
  }
}
