/** A checkpoint as a model that proposes. */
import type { Engine } from "../rl/engine/types.ts";
import type { NetworkSpec, Weights } from "../rl/engine/network.ts";
import { decodeCheckpoint } from "../rl/checkpoint/decode.ts";
import type { CheckpointFiles, TrainingRecord } from "../rl/checkpoint/types.ts";
import { taskNamed } from "../task/task.ts";
import { LearnedPolicy, type LearnedModel } from "./learned.ts";

/** Makes the engine that serves a network. */
export type MakeEngine = (spec: NetworkSpec, weights: Weights) => Engine;

/** A model ready to serve, and the record of its training. */
export interface ServedModel {
  readonly model: LearnedModel;
  readonly record: TrainingRecord;
}

/** `version` distinguishes this checkpoint from others of the name. Throws `BadInputError` that names the file and what is wrong with it. */
export function servedModel(files: CheckpointFiles, version: string, makeEngine: MakeEngine): ServedModel {
  const { record, weights } = decodeCheckpoint(files);
  const { agent, form, hyperparameters } = record.settings;
  const engine = makeEngine(record.network, weights);
  const model: LearnedModel = {
    identity: { name: `${agent}@${form}`, version },
    engine,
    task: taskNamed(record.settings),
    statistics: record.statistics,
    maskActions: hyperparameters.maskActions,
  };
  try {
    // Refuses what does not fit the layout now, and not with the first window.
    new LearnedPolicy(model);
  } catch (thrown) {
    engine.close();
    throw thrown;
  }
  return { model, record };
}
