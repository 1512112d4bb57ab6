/** What a training learns on: traces with their rate scales, and profiles. */
import { TRAINING_DEFAULTS, type AgentSettings } from "../rl/agents.ts";
import type { TraceRecord } from "../rl/checkpoint/types.ts";
import { readManifest, splitEntries } from "../evaluation/files/manifest.ts";
import { loadNamedTraces } from "../evaluation/files/traces.ts";
import type { TrainOptions } from "./options.ts";
import type { TaskPlan } from "./tasks.ts";

/** What is trained on, and its record. */
export interface TrainingLoad {
  readonly plan: TaskPlan;
  /** In the plan's order. */
  readonly traces: readonly TraceRecord[];
}

/** Throws `BadInputError` for traces that cannot be used. */
export async function loadTraining(options: TrainOptions, settings: AgentSettings): Promise<TrainingLoad> {
  const { manifest, rateScale, profiles } = options;
  const entries =
    options.traces.length > 0
      ? options.traces.map((trace) => ({ trace, rateScale: 1 }))
      : splitEntries(manifest, await readManifest(manifest), "train");
  const named = await loadNamedTraces(
    entries.map(({ trace }) => trace),
    undefined,
  );
  const defaults = TRAINING_DEFAULTS[settings.form];
  return {
    plan: {
      settings,
      traces: named.map(({ trace }, i) => ({ trace, rateScale: rateScale ?? entries[i]!.rateScale })),
      keepsRates: defaults.keepsRates || rateScale !== null,
      profiles: profiles.length > 0 ? profiles : defaults.profiles,
    },
    traces: named.map(({ name, digest, selection }) => ({ name, digest, selection })),
  };
}
