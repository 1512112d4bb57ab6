/** The structures that both sides of the border know: four bytes a field, in the order of kernel/assembly/structs.ts. */

export const MATRIX = ["inputs", "outputs", "kernel", "bias", "panels", "transposed"] as const;

export const NETWORK = [
  "hiddenLayers",
  "observationSize",
  "units",
  "paddedUnits",
  "actions",
  "parameterBytes",
  "weights",
  "shardGradients",
  "zeros",
  "matrices",
] as const;

export const JOB = [
  "backward",
  "steps",
  "sequences",
  "shards",
  "observations",
  "episodeStarts",
  "initialH",
  "initialC",
  "actions",
  "oldLogProbs",
  "advantages",
  "returns",
  "masks",
  "actionMasks",
  "logits",
  "values",
  "finalH",
  "finalC",
  "lossOptions",
  "shardSums",
  "scratch",
  "scratchBytes",
] as const;

/** Generation, shards left, shards done, stopped. */
export const CONTROL_BYTES = 16;
export const SCRATCH_HEADER_BYTES = 128;
/** Doubles: clipRange, valueCoefficient, entropyCoefficient, rowWeight. */
export const LOSS_OPTIONS = 4;
/** Doubles, a set for each shard. */
export const LOSS_SUMS = ["policy", "value", "entropy", "kl", "clipped"] as const;

export type Struct<Fields extends readonly string[]> = Readonly<Record<Fields[number], number>>;

export function bytesOf(fields: readonly string[]): number {
  return 4 * fields.length;
}

export function writeStruct<const Fields extends readonly string[]>(
  words: Uint32Array,
  address: number,
  fields: Fields,
  values: Struct<Fields>,
): void {
  let word = address >> 2;
  for (const field of fields as readonly Fields[number][]) words[word++] = values[field];
}
