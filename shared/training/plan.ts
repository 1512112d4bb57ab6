/** From options to a plan: who learns, on what, and where the training begins. All input is read and checked here. */
import { fileModelStore } from "../adapters/model-store.ts";
import { BadInputError } from "../core/errors.ts";
import { seededRandom } from "../core/random.ts";
import { readManifest, splitEntries } from "../evaluation/files/manifest.ts";
import { loadNamedTraces } from "../evaluation/files/traces.ts";
import type { ModelStore } from "../ports/model-store.ts";
import { liveSettings, networkOf, settingsOf, TRAINING_DEFAULTS, type AgentSettings } from "../rl/agents.ts";
import { decodeCheckpoint } from "../rl/checkpoint/decode.ts";
import type { Checkpoint, TrainingRecord } from "../rl/checkpoint/types.ts";
import { initialWeights } from "../rl/engine/initialise.ts";
import type { Weights } from "../rl/engine/network.ts";
import type { OptimiserState } from "../rl/engine/types.ts";
import { freshState, type TrainingState } from "../rl/training.ts";
import type { TrainOptions } from "./options.ts";
import type { TaskPlan } from "./tasks.ts";

/** Where a training begins: at its first step, or where a checkpoint left off. */
export interface TrainingStart {
  readonly weights: Weights;
  /** Null: as an engine begins. */
  readonly optimiser: OptimiserState | null;
  readonly state: TrainingState;
  readonly early: TrainingRecord["early"];
}

/** All that a training run is, before anything runs. */
export interface TrainingPlan {
  readonly options: TrainOptions;
  readonly store: ModelStore;
  readonly tasks: TaskPlan;
  /** What every checkpoint says of the training; its traces are those of `tasks`, in their order. */
  readonly record: Pick<TrainingRecord, "settings" | "network" | "seed" | "totalSteps" | "command" | "traces">;
  readonly start: TrainingStart;
}

/** Throws `BadInputError` for traces that cannot be used, and where a folder or a flag belongs to another training. */
export async function planTraining(options: TrainOptions, command: string): Promise<TrainingPlan> {
  const { traces, loads, keepsRates, profiles } = await loadTraces(options);
  const store = fileModelStore(options.out);
  const resumed = await resumedFrom(store, options, traces);
  const settings = resumed?.record.settings ?? settingsFor(options);
  const { seed, steps: totalSteps } = options;
  const network = networkOf(settings);
  return {
    options,
    store,
    tasks: { settings, traces: loads, keepsRates, profiles },
    record: { settings, network, seed, totalSteps, command: resumed?.record.command ?? command, traces },
    start: {
      weights: resumed?.weights ?? initialWeights(network, seededRandom(`${seed}/weights`)),
      optimiser: resumed?.continuation?.optimiser ?? null,
      state: resumed?.continuation?.state ?? freshState(settings.hyperparameters, network.observationSize),
      early: resumed?.record.early ?? null,
    },
  };
}

/** The checkpoint to go on from; null for a new training. Throws `BadInputError` where a folder or a flag belongs to another one. */
async function resumedFrom(
  store: ModelStore,
  options: TrainOptions,
  traces: TrainingRecord["traces"],
): Promise<Checkpoint | null> {
  if (!options.resume) {
    const [there] = await store.steps();
    if (there === undefined) return null;
    throw new BadInputError(
      `${options.out}: holds the checkpoints of a training; go on with --resume, or choose another folder`,
    );
  }
  const checkpoint = decodeCheckpoint(await store.read(options.step));
  const { record, continuation } = checkpoint;
  mustMatch("agent", options.agent, record.settings.agent);
  mustMatch("form", options.form, record.settings.form);
  mustMatch("seed", options.seed, record.seed);
  // A live platform is one environment; a simulation has several side by side.
  mustMatch("environment", options.env, record.settings.hyperparameters.environments === 1 ? "live" : "sim");
  if (continuation === null) throw new BadInputError(`${options.out}: the checkpoint serves only; it cannot go on`);
  mustMatch("traces", JSON.stringify(traces), JSON.stringify(record.traces));
  return checkpoint;
}

/** Going on is going on with the same training. */
function mustMatch(what: string, asked: string, recorded: string): void {
  if (asked !== recorded) {
    throw new BadInputError(`--resume: the checkpoint's ${what} is '${recorded}', asked for was '${asked}'`);
  }
}

function settingsFor({ agent, form, env, rolloutSteps }: TrainOptions): AgentSettings {
  const settings = settingsOf(agent, form);
  return env === "sim" ? settings : liveSettings(settings, rolloutSteps);
}

/** What a training learns on: traces with their rate scales and their record, and profiles. */
async function loadTraces(options: TrainOptions) {
  const { manifest, rateScale } = options;
  const entries =
    options.traces.length > 0
      ? options.traces.map((trace) => ({ trace, rateScale: 1 }))
      : splitEntries(manifest, await readManifest(manifest), "train");
  const named = await loadNamedTraces(
    entries.map(({ trace }) => trace),
    undefined,
  );
  const defaults = TRAINING_DEFAULTS[options.form];
  return {
    traces: named.map(({ name, digest, selection }) => ({ name, digest, selection })),
    loads: named.map(({ trace }, i) => ({ trace, rateScale: rateScale ?? entries[i]!.rateScale })),
    keepsRates: defaults.keepsRates || rateScale !== null,
    profiles: options.profiles.length > 0 ? options.profiles : defaults.profiles,
  };
}
