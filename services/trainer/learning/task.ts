/** The recorded load as an environment: what a model is fine-tuned on. */
import { NO_CHANGE } from "#shared/task/actions/change.ts";
import { STEADY_HEADROOM } from "#shared/task/actions/headroom.ts";
import type { Environment } from "#shared/task/environment.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { comparedWith } from "#shared/task/environment/baseline-rewards.ts";
import { scalingTask } from "#shared/task/scaling-task.ts";
import type { AgentSettings } from "#shared/rl/settings.ts";
import type { SimProfile } from "#shared/sim/profiles.ts";
import { ScalingEnvironment } from "#shared/sim/scaling-environment.ts";
import { recordedSchedule } from "#shared/evaluation/recorded-load.ts";

export interface RecordedTask {
  readonly settings: AgentSettings;
  readonly trace: BinnedTrace;
  readonly profile: SimProfile;
  readonly managed: ManagedFunction;
}

/** Each episode is an excerpt of the record, begun with any replica count; rewarded as in the model's own training. */
export function recordedTask(task: RecordedTask): Environment {
  const { actions, hyperparameters } = task.settings;
  if (!hyperparameters.comparedRewards) return plainTask(task);
  const steadyAction = actions === "headroom" ? STEADY_HEADROOM : NO_CHANGE;
  return comparedWith(plainTask(task), plainTask(task), steadyAction);
}

function plainTask({ settings, trace, profile, managed }: RecordedTask): Environment {
  const { layout, objective, actions, hyperparameters } = settings;
  const windowSeconds = trace.binSeconds;
  const episodeWindows = Math.max(1, Math.min(hyperparameters.episodeWindows, trace.counts.length - 1));
  return scalingTask(
    (requestOf) =>
      new ScalingEnvironment({
        profile,
        workload({ random, seconds }) {
          const windows = Math.round(seconds / windowSeconds);
          const fromWindow = random.integer(Math.max(1, trace.counts.length - windows + 1));
          const schedule = recordedSchedule(trace, profile, random.integer(2 ** 32), { fromWindow, windows });
          return { ...schedule, durationSeconds: seconds };
        },
        layout: layout === "replicant-24" ? "plus-8" : layout,
        objective: objective === "product" ? "corrected" : objective,
        episodeWindows,
        windowSeconds,
        guard: "on",
        ...(requestOf && { requestOf }),
      }),
    {
      managed,
      layout,
      actions,
      reward: objective === "product" ? "product" : "environment",
      options: { initialReplicas: "random" as const },
    },
  );
}
