/** Learning on-line without care: drawn actions go to the platform as they are, and what happens is all there is to learn from. */
import type { Schedule } from "#shared/traces/schedule.ts";
import { initialReplicas } from "#shared/evaluation/foresight.ts";
import type { MakeEngine } from "#shared/policies/served-model.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import type { TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import type { Weights } from "#shared/rl/engine/network.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import { actionSchemeNamed } from "#shared/task/actions/schemes.ts";
import { decidableSteps } from "#shared/task/environment/decidable-steps.ts";
import { liveSettings } from "#shared/rl/agents.ts";
import { type SimProfile } from "#shared/sim/profiles.ts";
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
      decidableSteps(
        new Counted({
          ...{ profile, layout, objective, actions, episodeWindows, guard: "off" },
          load: () => schedule,
          windowSeconds: schedule.windowSeconds,
        }),
        {
          holdAction: actionSchemeNamed(actions).constantAction,
          options: { initialReplicas: initialReplicas(schedule, profile) },
        },
      ),
  });
  try {
    const from = { round: 0, steps: 0, statistics, places: null };
    const training = { engine, collector, hyperparameters, seed, totalSteps: steps, from };
    for await (const _round of trainPpo(training));
    return { calls, violations, replicaSeconds };
  } finally {
    await collector.close();
    engine.close();
  }
}
