/** Files as a checkpoint. Every byte may be hostile: nothing is taken before all of it fits. */
import { ACTION_SCHEMES, actionSchemeNamed, type ActionSchemeName } from "../../task/actions/schemes.ts";
import type { NormalisationStatistics } from "../normalisation.ts";
import { BadInputError } from "../../core/errors.ts";
import { layoutNamed, type LayoutName } from "../../task/observation/layouts.ts";
import { OBJECTIVES, type ObjectiveName } from "../../task/objectives/objectives.ts";
import { checkOptimiser } from "../engine/check.ts";
import { checkSpec, sizeOf, weightShapes, type NetworkSpec } from "../engine/network.ts";
import type { EnvironmentPlace, ShardPlace } from "../rollout/types.ts";
import { AGENT_NAMES, FORMS } from "../agents.ts";
import { Fields, numberOf, parseJson } from "./fields.ts";
import { bytesToFloats } from "./floats.ts";
import { readHyperparameters } from "./hyperparameters.ts";
import { modelJsonOf } from "./model-json.ts";
import {
  CHECKPOINT_FORMAT,
  type Checkpoint,
  type CheckpointFiles,
  type Continuation,
  type TrainingRecord,
} from "./types.ts";

const STEP_RANGE = { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true };
const OBJECTIVE_NAMES = Object.keys(OBJECTIVES) as ObjectiveName[];
const SCHEME_NAMES = Object.keys(ACTION_SCHEMES) as ActionSchemeName[];

/** Throws `BadInputError` that names the file and what is wrong with it. */
export function decodeCheckpoint(files: CheckpointFiles): Checkpoint {
  const fields = new Fields(parseJson("training.json", fileOf(files, "training.json")), "training.json:");
  const format = fields.raw("format");
  if (format !== CHECKPOINT_FORMAT) {
    throw new BadInputError(
      `training.json: format must be '${CHECKPOINT_FORMAT}', was: '${String(format).slice(0, 60)}'`,
    );
  }
  const record = readRecord(fields);
  checkModelJson(fileOf(files, "model.json"), record.network);
  const lengths = weightShapes(record.network).map(sizeOf);
  const weights = bytesToFloats("weights.bin", fileOf(files, "weights.bin"), lengths);
  const moments = files["optimizer.bin"];
  const continuation =
    moments === undefined || fields.isNull("continuation")
      ? null
      : readContinuation(fields.object("continuation"), moments, record, lengths);
  return { record, weights, continuation };
}

function fileOf(files: CheckpointFiles, name: string): Uint8Array {
  const bytes = Object.hasOwn(files, name) ? files[name] : undefined;
  if (bytes === undefined) throw new BadInputError(`the checkpoint has no ${name}`);
  return bytes;
}

function readRecord(fields: Fields): TrainingRecord {
  const layout = fields.text("layout");
  const size = layoutNamed(layout).features.length;
  const network = readNetwork(fields.object("network"));
  if (network.observationSize !== size) {
    throw new BadInputError(
      `training.json: layout '${layout}' has ${size} numbers, the network takes '${network.observationSize}'`,
    );
  }
  const actions = fields.oneOf("actions", SCHEME_NAMES);
  const { count } = actionSchemeNamed(actions);
  if (network.actions !== count)
    throw new BadInputError(`training.json: network.actions must be ${count}, was: '${network.actions}'`);
  return {
    settings: {
      agent: fields.oneOf("agent", AGENT_NAMES),
      form: fields.oneOf("form", FORMS),
      layout: layout as LayoutName,
      objective: fields.oneOf("objective", OBJECTIVE_NAMES),
      actions,
      hyperparameters: readHyperparameters(fields.object("hyperparameters")),
    },
    network,
    statistics: fields.isNull("normalisation") ? null : readStatistics(fields.object("normalisation"), size),
    seed: fields.text("seed"),
    steps: fields.number("steps", STEP_RANGE),
    rounds: fields.number("rounds", STEP_RANGE),
    totalSteps: fields.number("totalSteps", STEP_RANGE),
    engine: fields.text("engine"),
    command: fields.text("command"),
    traces: fields.list("traces", 10_000, (value, path) => {
      const trace = new Fields(value, path);
      const selection = trace.isNull("selection") ? null : trace.text("selection");
      return { name: trace.text("name"), digest: trace.text("digest"), selection };
    }),
    early: fields.isNull("early") ? null : readEarly(fields.object("early")),
    evaluation: fields.isNull("evaluation") ? null : fields.anything("evaluation"),
  };
}

function readEarly(fields: Fields): TrainingRecord["early"] {
  return { steps: fields.number("steps", STEP_RANGE), digest: fields.text("digest") };
}

function readNetwork(fields: Fields): NetworkSpec {
  const spec: NetworkSpec = {
    observationSize: fields.number("observationSize"),
    hidden: fields.list("hidden", 8, (value, path) => numberOf(value, path)),
    lstm: fields.isNull("lstm") ? null : fields.number("lstm"),
    actions: fields.number("actions"),
  };
  checkSpec(spec);
  return spec;
}

function readStatistics(fields: Fields, size: number): NormalisationStatistics {
  const numbers = (key: string, least: number) => {
    const list = fields.list(key, size, (value, path) => numberOf(value, path, { least }));
    if (list.length === size) return list;
    throw new BadInputError(`${fields.pathOf(key)} must have ${size} numbers, had: '${list.length}'`);
  };
  const most = Number.MAX_SAFE_INTEGER;
  return {
    count: fields.number("count", { least: 0, most, whole: true }),
    mean: numbers("mean", -Infinity),
    variance: numbers("variance", 0),
  };
}

/** It must be what we would write for this network: no other files to load, no other activations. */
function checkModelJson(bytes: Uint8Array, network: NetworkSpec): void {
  const found = new Fields(parseJson("model.json", bytes), "model.json:");
  const wanted = modelJsonOf(network) as Readonly<Record<string, unknown>>;
  for (const part of ["modelTopology", "weightsManifest"]) {
    if (!isSame(wanted[part], found.raw(part)))
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
  fields: Fields,
  bytes: Uint8Array,
  { network, statistics, rounds, steps }: TrainingRecord,
  lengths: readonly number[],
): Continuation {
  const shards = fields.list("shards", 64, (value, path) => {
    const shard = new Fields(value, path);
    const environments = shard.list("environments", 4096, (place, at) => readPlace(place, at, network.actions));
    return { environments, hasMemory: shard.boolean("hasMemory") };
  });
  const memoryLengths = shards.flatMap(({ environments, hasMemory }) => {
    const length = environments.length * (network.lstm ?? 0);
    return hasMemory ? [length, length] : [];
  });
  const numbers = bytesToFloats("optimizer.bin", bytes, [...lengths, ...lengths, ...memoryLengths]);
  const optimiser = {
    step: fields.number("optimiserSteps", STEP_RANGE),
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

function readPlace(value: unknown, path: string, count: number): EnvironmentPlace {
  const place = new Fields(value, path);
  return {
    episode: place.number("episode", STEP_RANGE),
    actions: place.list("actions", 100_000, (action, at) =>
      numberOf(action, at, { least: 0, most: count - 1, whole: true }),
    ),
  };
}
