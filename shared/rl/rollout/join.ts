/** The shards of a round as one rollout: environments side by side, in the shards' order. */
import type { LstmState } from "../engine/types.ts";
import type { Rollout } from "./types.ts";

type Numbers = Float32Array | Uint8Array | Int32Array;

/** Joins rollouts of equally many steps side by side. Throws `RangeError` for none. */
export function joinedRollouts(parts: readonly Rollout[]): Rollout {
  const [first] = parts;
  if (first === undefined) throw new RangeError("there is no rollout to join");
  const { steps } = first;
  const environments = parts.reduce((sum, part) => sum + part.environments, 0);
  /** Joins arrays of `width` numbers for each row. */
  const rows = <T extends Numbers>(of: (part: Rollout) => T, width = 1): T => {
    const sample = of(first);
    const joined = new (sample.constructor as new (length: number) => T)(steps * environments * width);
    for (let t = 0; t < steps; t++) {
      let at = t * environments * width;
      for (const part of parts) {
        const stride = part.environments * width;
        joined.set(of(part).subarray(t * stride, (t + 1) * stride), at);
        at += stride;
      }
    }
    return joined;
  };
  const ofRow = (numbers: Numbers) => numbers.length / (steps * first.environments);
  return {
    steps,
    environments,
    observations: rows((part) => part.observations, ofRow(first.observations)),
    episodeStarts: rows((part) => part.episodeStarts),
    actions: rows((part) => part.actions),
    actionMasks: first.actionMasks === null ? null : rows((part) => part.actionMasks!, ofRow(first.actionMasks)),
    logProbs: rows((part) => part.logProbs),
    rewards: rows((part) => part.rewards),
    values: rows((part) => part.values),
    nextValues: rows((part) => part.nextValues),
    terminated: rows((part) => part.terminated),
    truncated: rows((part) => part.truncated),
    counted: first.counted === null ? null : rows((part) => part.counted!),
    lstmStates: first.lstmStates === null ? null : first.lstmStates.map((_, i) => joinedStates(parts, i)),
  };
}

/** Memories lie environment by environment, so joining is putting one behind the other. */
function joinedStates(parts: readonly Rollout[], sequence: number): LstmState {
  const join = (of: (state: LstmState) => Float32Array) => {
    const arrays = parts.map((part) => of(part.lstmStates![sequence]!));
    const joined = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
    let at = 0;
    for (const array of arrays) {
      joined.set(array, at);
      at += array.length;
    }
    return joined;
  };
  return { h: join(({ h }) => h), c: join(({ c }) => c) };
}
