/** A batch of single steps as sequences of length one. */
import { BadInputError } from "#shared/core/errors.ts";
import type { NetworkSpec } from "./network.ts";
import type { LstmState, Sequences } from "./types.ts";

/** The batch is what the observations hold; absent starts are none. */
export function oneStep(
  { observationSize }: NetworkSpec,
  observations: Float32Array,
  state: LstmState | null,
  episodeStarts?: Uint8Array,
): Sequences {
  const batch = observations.length / observationSize;
  if (!Number.isInteger(batch) || batch === 0)
    throw new BadInputError(`observations must be rows of ${observationSize} numbers, had: '${observations.length}'`);
  return {
    steps: 1,
    sequences: batch,
    observations,
    episodeStarts: episodeStarts ?? new Uint8Array(batch),
    initialState: state,
  };
}
