/** Files as a checkpoint. Every byte may be hostile: nothing is taken before all of it fits. */
import type * as z from "zod";

import { checked } from "../../core/checked.ts";
import { BadInputError } from "../../core/errors.ts";
import { taskNamed } from "../../task/task.ts";
import { checkOptimiser } from "../engine/check.ts";
import { checkSpec, sizeOf, weightShapes, type NetworkSpec } from "../engine/network.ts";
import type { ShardPlace } from "../rollout/types.ts";
import { bytesToFloats } from "./floats.ts";
import { modelJsonOf } from "./model-json.ts";
import { continuationSchema, MODEL_SCHEMA, TRAINING_SCHEMA } from "./schema.ts";
import type { Checkpoint, CheckpointFiles, Continuation, TrainingRecord } from "./types.ts";

/** Throws `BadInputError` that names the file and what is wrong with it. */
export function decodeCheckpoint(files: CheckpointFiles): Checkpoint {
  const training = read("training.json", "", TRAINING_SCHEMA, jsonOf(files, "training.json"));
  const record = recordOf(training);
  checkModelJson(jsonOf(files, "model.json"), record.network);
  const lengths = weightShapes(record.network).map(sizeOf);
  const weights = bytesToFloats("weights.bin", fileOf(files, "weights.bin"), lengths);
  const moments = files["optimizer.bin"];
  const continuation =
    moments === undefined || training.continuation === null
      ? null
      : readContinuation(training.continuation, moments, record, lengths);
  return { record, weights, continuation };
}

function fileOf(files: CheckpointFiles, name: string): Uint8Array {
  const bytes = Object.hasOwn(files, name) ? files[name] : undefined;
  if (bytes === undefined) throw new BadInputError(`the checkpoint has no ${name}`);
  return bytes;
}

function jsonOf(files: CheckpointFiles, name: string): unknown {
  const bytes = fileOf(files, name);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new BadInputError(`${name}: is not JSON`);
  }
}

function read<T>(file: string, root: string, schema: z.ZodType<T>, value: unknown): T {
  const result = checked(schema, value);
  if ("data" in result) return result.data;
  const at = [root, result.at].filter((part) => part !== "").join(".");
  throw new BadInputError(`${file}: ${at}${at && " "}${result.says}`);
}

function recordOf(training: z.output<typeof TRAINING_SCHEMA>): TrainingRecord {
  const { format: _format, continuation: _continuation, normalisation: statistics, ...fields } = training;
  const { agent, form, layout, objective, actions, hyperparameters, ...recorded } = fields;
  const { network } = recorded;
  checkSpec(network);
  const task = taskNamed({ layout, objective, actions });
  const size = task.layout.features.length;
  if (network.observationSize !== size) {
    throw new BadInputError(
      `training.json: layout '${layout}' has ${size} numbers, the network takes '${network.observationSize}'`,
    );
  }
  const { count } = task.actions;
  if (network.actions !== count)
    throw new BadInputError(`training.json: network.actions must be ${count}, was: '${network.actions}'`);
  if (statistics !== null) {
    for (const key of ["mean", "variance"] as const) {
      const { length } = statistics[key];
      if (length !== size)
        throw new BadInputError(`training.json: normalisation.${key} must have ${size} numbers, had: '${length}'`);
    }
  }
  return { settings: { agent, form, layout, objective, actions, hyperparameters }, statistics, ...recorded };
}

/** It must be what we would write for this network: no other files to load, no other activations. */
function checkModelJson(value: unknown, network: NetworkSpec): void {
  const found = read("model.json", "", MODEL_SCHEMA, value);
  const wanted = modelJsonOf(network) as typeof found;
  for (const part of ["modelTopology", "weightsManifest"] as const) {
    if (!isSame(wanted[part], found[part]))
      throw new BadInputError(`model.json: ${part} is not that of the network in training.json`);
  }
}

/** Goes as deep as what is wanted, however deep the other is. */
function isSame(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return wanted === found;
  if (typeof found !== "object" || found === null || Array.isArray(wanted) !== Array.isArray(found)) return false;
  const keys = Object.keys(wanted);
  return (
    keys.length === Object.keys(found).length &&
    keys.every((key) => Object.hasOwn(found, key) && isSame(at(wanted, key), at(found, key)))
  );
}

const at = (of: object, key: string) => (of as Readonly<Record<string, unknown>>)[key];

function readContinuation(
  value: unknown,
  bytes: Uint8Array,
  { network, statistics, rounds, steps }: TrainingRecord,
  lengths: readonly number[],
): Continuation {
  const { optimiserSteps, shards } = read("training.json", "continuation", continuationSchema(network.actions), value);
  const memoryLengths = shards.flatMap(({ environments, hasMemory }) => {
    const length = environments.length * (network.lstm ?? 0);
    return hasMemory ? [length, length] : [];
  });
  const numbers = bytesToFloats("optimizer.bin", bytes, [...lengths, ...lengths, ...memoryLengths]);
  const optimiser = {
    step: optimiserSteps,
    firstMoments: numbers.slice(0, lengths.length),
    secondMoments: numbers.slice(lengths.length, 2 * lengths.length),
  };
  checkOptimiser(network, optimiser);
  const lstmStates = numbers.slice(2 * lengths.length);
  const places: ShardPlace[] = shards.map(({ environments, hasMemory }) => ({
    environments,
    lstmState: hasMemory ? { h: lstmStates.shift()!, c: lstmStates.shift()! } : null,
  }));
  return { optimiser, state: { round: rounds, steps, statistics, places: places.length === 0 ? null : places } };
}
