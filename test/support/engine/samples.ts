/** Networks and minibatches for the engines' tests, drawn from a seed. */
import { seededRandom } from "#shared/core/random.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import type { LstmState, Minibatch } from "#shared/rl/engine/types.ts";

/** No size is a multiple of 8 or of another: what is padded or swapped shows. */
export const ODD: NetworkSpec = { observationSize: 7, hidden: [11, 9], lstm: 13, actions: 5 };
export const FEED_FORWARD: NetworkSpec = { observationSize: 6, hidden: [20, 10], lstm: null, actions: 3 };
export const FULL: NetworkSpec = { observationSize: 7, hidden: [64, 64], lstm: 256, actions: 5 };

/** Like a trained network: biases and actor away from where initialisation leaves them. */
export function someWeights(spec: NetworkSpec, seed: number): Weights {
  const random = seededRandom(`weights ${seed}`);
  return initialWeights(spec, random.fork("initial")).map((tensor) => tensor.map((w) => w + 0.1 * random.normal()));
}

export interface SampleOptions {
  readonly steps: number;
  readonly sequences: number;
  readonly seed: number;
  /** Share of rows at which an episode starts; 0.15 unless told. */
  readonly startShare?: number;
  readonly masks?: boolean;
  readonly actionMasks?: boolean;
}

export function someMinibatch(spec: NetworkSpec, options: SampleOptions): Minibatch {
  const { steps, sequences, seed, startShare = 0.15 } = options;
  const random = seededRandom(`minibatch ${seed}`);
  const rows = steps * sequences;
  const normals = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * random.normal());
  const actions = Int32Array.from({ length: rows }, () => random.integer(spec.actions));
  const state = (): LstmState => ({
    h: normals(sequences * spec.lstm!, 0.5),
    c: normals(sequences * spec.lstm!, 0.5),
  });
  const masks = Uint8Array.from({ length: rows }, () => (random.next() < 0.2 ? 0 : 1));
  masks[0] = 1;
  return {
    steps,
    sequences,
    observations: normals(rows * spec.observationSize),
    episodeStarts: Uint8Array.from({ length: rows }, () => (random.next() < startShare ? 1 : 0)),
    initialState: spec.lstm === null ? null : state(),
    actions,
    // Around the uniform policy's, so that some ratios leave the clip range on either side.
    oldLogProbs: Float32Array.from({ length: rows }, () => -Math.log(spec.actions) + 0.3 * random.normal()),
    advantages: normals(rows),
    returns: normals(rows),
    masks: options.masks ? masks : null,
    actionMasks: options.actionMasks
      ? Uint8Array.from({ length: rows * spec.actions }, (_, i) =>
          i % spec.actions === actions[Math.floor(i / spec.actions)] || random.next() < 0.6 ? 1 : 0,
        )
      : null,
  };
}

/** ‖a − b‖ ÷ ‖b‖ */
export function relativeL2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
}

export const inDoubles = (weights: Weights): Float64Array[] => weights.map((tensor) => Float64Array.from(tensor));
