/** The shape of a checkpoint's JSON, field by field. */
import * as z from "zod";

import * as ACTION_SCHEMES from "../../task/actions/all.ts";
import * as OBJECTIVES from "../../task/objectives/all.ts";
import * as LAYOUTS from "../../task/observation/all.ts";
import { AGENT_NAMES, FORMS } from "../agents.ts";
import type { NetworkSpec } from "../engine/network.ts";
import type { Hyperparameters } from "../hyperparameters.ts";
import type { NormalisationStatistics } from "../normalisation.ts";
import { CHECKPOINT_FORMAT } from "./types.ts";

/** Names and commands are for people: what is longer is none. */
const text = z.string().max(10_000);
const steps = z.int().min(0);
const count = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(1);
const positive = z.number().min(0).max(1e6);
const schedule = z.union([positive, z.object({ from: positive, to: positive })], {
  error: "must be a number, or from and to",
});

const network = z.object({
  observationSize: z.number(),
  hidden: z.array(z.number()).max(8),
  lstm: z.number().nullable(),
  actions: z.number(),
}) satisfies z.ZodType<NetworkSpec>;

const hyperparameters = z.object({
  hidden: z.array(count).max(8),
  lstm: count.nullable(),
  learningRate: schedule,
  discount: share,
  gaeLambda: share,
  clipRange: positive,
  valueCoefficient: positive,
  entropyCoefficient: schedule,
  maxGradNorm: positive,
  environments: count,
  rolloutSteps: count,
  minibatchSteps: count,
  epochs: count,
  targetKl: positive.nullable(),
  sequenceSteps: count,
  refreshMemory: z.boolean(),
  episodeWindows: count,
  bootstrapTruncation: z.boolean(),
  maskActions: z.boolean(),
  normaliseObservations: z.boolean(),
  randomisePlatform: z.boolean(),
  guard: z.boolean(),
  comparedRewards: z.boolean(),
}) satisfies z.ZodType<Hyperparameters>;

const statistics = z.object({
  count: steps,
  mean: z.array(z.number()),
  variance: z.array(z.number().min(0)),
}) satisfies z.ZodType<NormalisationStatistics>;

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as K[];

/** `model.json`: what of it is compared with the network. */
export const MODEL_SCHEMA = z.object({ modelTopology: z.unknown(), weightsManifest: z.unknown() });

/** `training.json`, but for what only going on takes. */
export const TRAINING_SCHEMA = z.object({
  format: z.literal(CHECKPOINT_FORMAT),
  agent: z.enum(AGENT_NAMES),
  form: z.enum(FORMS),
  layout: z.enum(keysOf(LAYOUTS)),
  objective: z.enum(keysOf(OBJECTIVES)),
  actions: z.enum(keysOf(ACTION_SCHEMES)),
  network,
  hyperparameters,
  normalisation: statistics.nullable(),
  seed: text,
  steps,
  rounds: steps,
  totalSteps: steps,
  engine: text,
  command: text,
  traces: z.array(z.object({ name: text, digest: text, selection: text.nullable() })).max(10_000),
  early: z.object({ steps, digest: text }).nullable(),
  evaluation: z.record(z.string(), z.unknown()).refine(canBeKept, { error: "must be JSON of at most 1 MB" }).nullable(),
  continuation: z.unknown(),
});

/** Of `continuation`; its actions are those of the network. */
export function continuationSchema(actions: number) {
  const places = z.object({
    episode: steps,
    actions: z
      .array(
        z
          .int()
          .min(0)
          .max(actions - 1),
      )
      .max(100_000),
  });
  const shard = z.object({ environments: z.array(places).max(4096), hasMemory: z.boolean() });
  return z.object({ optimiserSteps: steps, shards: z.array(shard).max(64) });
}

/** Of what is not read, only kept: it must be possible to write it again. */
function canBeKept(value: object): boolean {
  try {
    return JSON.stringify(value).length <= 1_000_000;
  } catch {
    return false;
  }
}
