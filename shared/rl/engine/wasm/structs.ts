/** The structures that both sides of the border know: four bytes a field, in the order of kernel/assembly/structs.ts. */

/** The fields of `Matrix` in the kernel, in their order. */
export const MATRIX = ["inputs", "outputs", "kernel", "bias", "panels", "transposed"] as const;

/** The fields of `Network` in the kernel, in their order. */
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

/** The fields of `Job` in the kernel, in their order. */
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
/** Bytes of the kernel's `Scratch` with the outputs of its layers. */
export const SCRATCH_HEADER_BYTES = 128;
/** Doubles: clipRange, valueCoefficient, entropyCoefficient, rowWeight. */
export const LOSS_OPTIONS = 4;
/** Doubles, a set for each shard. */
export const LOSS_SUMS = ["policy", "value", "entropy", "kl", "clipped"] as const;

/** A value for each field. */
export type Struct<Fields extends readonly string[]> = Readonly<Record<Fields[number], number>>;

/** Bytes of a struct: four for each field. */
export function bytesOf(fields: readonly string[]): number {
  return 4 * fields.length;
}

/** Writes a struct's fields, one word each, at a byte address. */
export function writeStruct<const Fields extends readonly string[]>(
  words: Uint32Array,
  address: number,
  fields: Fields,
  values: Struct<Fields>,
): void {
  let word = address >> 2;
  for (const field of fields as readonly Fields[number][]) words[word++] = values[field];
}
