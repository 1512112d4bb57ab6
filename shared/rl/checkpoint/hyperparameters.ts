/** Hyperparameters as a checkpoint records them. */
import type { Schedulable } from "../schedules.ts";
import type { Hyperparameters } from "../hyperparameters.ts";
import { type Fields, numberOf } from "./fields.ts";

const COUNT = { least: 1, most: 1_000_000, whole: true };
const SHARE = { least: 0, most: 1 };
const POSITIVE = { least: 0, most: 1e6 };

/** Reads and checks all hyperparameters. Throws `BadInputError` that names the field. */
export function readHyperparameters(fields: Fields): Hyperparameters {
  const optional = (key: string, range: object) => (fields.isNull(key) ? null : fields.number(key, range));
  const schedule = (key: string): Schedulable => {
    if (typeof fields.raw(key) === "number") return fields.number(key, POSITIVE);
    const of = fields.object(key);
    return { from: of.number("from", POSITIVE), to: of.number("to", POSITIVE) };
  };
  return {
    hidden: fields.list("hidden", 8, (value, path) => numberOf(value, path, COUNT)),
    lstm: optional("lstm", COUNT),
    learningRate: schedule("learningRate"),
    discount: fields.number("discount", SHARE),
    gaeLambda: fields.number("gaeLambda", SHARE),
    clipRange: fields.number("clipRange", POSITIVE),
    valueCoefficient: fields.number("valueCoefficient", POSITIVE),
    entropyCoefficient: schedule("entropyCoefficient"),
    maxGradNorm: fields.number("maxGradNorm", POSITIVE),
    environments: fields.number("environments", COUNT),
    rolloutSteps: fields.number("rolloutSteps", COUNT),
    minibatchSteps: fields.number("minibatchSteps", COUNT),
    epochs: fields.number("epochs", COUNT),
    targetKl: optional("targetKl", POSITIVE),
    sequenceSteps: fields.number("sequenceSteps", COUNT),
    refreshMemory: fields.boolean("refreshMemory"),
    episodeWindows: fields.number("episodeWindows", COUNT),
    bootstrapTruncation: fields.boolean("bootstrapTruncation"),
    maskActions: fields.boolean("maskActions"),
    normaliseObservations: fields.boolean("normaliseObservations"),
    randomisePlatform: fields.boolean("randomisePlatform"),
    guard: fields.boolean("guard"),
    comparedRewards: fields.boolean("comparedRewards"),
  };
}
