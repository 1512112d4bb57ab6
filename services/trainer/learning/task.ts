/** The recorded load as an environment: what a model is fine-tuned on. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { recordedSchedule } from "#shared/evaluation/recorded-load.ts";
import type { AgentSettings } from "#shared/rl/agents.ts";
import type { SimProfile } from "#shared/sim/profiles.ts";
import { simulatedTask } from "#shared/sim/simulated-task.ts";
import type { Environment } from "#shared/task/environment/contract.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";

export interface RecordedTask {
  readonly settings: AgentSettings;
  readonly trace: BinnedTrace;
  readonly profile: SimProfile;
  readonly managed: ManagedFunction;
}

/** Each episode is an excerpt of the record, begun with any replica count; rewarded as in the model's own training. */
export function recordedTask({ settings, trace, profile, managed }: RecordedTask): Environment {
  const { layout, objective, actions, hyperparameters } = settings;
  const windowSeconds = trace.binSeconds;
  return simulatedTask({
    ...{ layout, objective, actions, profile, managed, windowSeconds, guard: "on" },
    load({ random, seconds }) {
      const windows = Math.round(seconds / windowSeconds);
      const fromWindow = random.integer(Math.max(1, trace.counts.length - windows + 1));
      const schedule = recordedSchedule(trace, profile, random.integer(2 ** 32), { fromWindow, windows });
      return { ...schedule, durationSeconds: seconds };
    },
    episodeWindows: Math.max(1, Math.min(hyperparameters.episodeWindows, trace.counts.length - 1)),
    episodes: { initialReplicas: "random" },
    comparesWithBaseline: hyperparameters.comparedRewards,
  });
}
