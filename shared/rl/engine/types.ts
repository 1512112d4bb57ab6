/** What the agents ask of a compute engine: one step, a sequence forward, a sequence backward, and Adam. */
import type { NetworkSpec, Weights } from "./network.ts";

/** The LSTM's memory of a batch, row-major [batch, units]. */
export interface LstmState {
  readonly h: Float32Array;
  readonly c: Float32Array;
}

/**
 * A stretch of `steps` × `sequences`, time-major: what belongs to step t of sequence b is at row t · sequences + b.
 * `initialState` is the memory before step 0: zeros when null, always null without an LSTM.
 */
export interface Sequences {
  readonly steps: number;
  readonly sequences: number;
  /** [rows, observationSize] */
  readonly observations: Float32Array;
  /** [rows]; 1 where an episode begins: the memory is forgotten before that step. */
  readonly episodeStarts: Uint8Array;
  readonly initialState: LstmState | null;
}

/** A PPO minibatch. Every array has one entry a row of `Sequences`. */
export interface Minibatch extends Sequences {
  readonly actions: Int32Array;
  readonly oldLogProbs: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  /** 1 where the row counts, 0 for padding and burn-in; null when all count. */
  readonly masks: Uint8Array | null;
  /** [rows, actions], 1 where the action was allowed; null when all were. */
  readonly actionMasks: Uint8Array | null;
}

/** total = policy loss + valueCoefficient · value loss − entropyCoefficient · entropy, means over the rows that count. */
export interface LossOptions {
  /** ε of the clipped surrogate. */
  readonly clipRange: number;
  readonly valueCoefficient: number;
  readonly entropyCoefficient: number;
  /** Shift and scale the advantages of the minibatch to mean 0 and sample deviation 1. */
  readonly normaliseAdvantages: boolean;
}

/** What one minibatch reported, before the step of the optimiser. Means over the rows that count. */
export interface LossReport {
  readonly policyLoss: number;
  /** Mean of (return − value)², without the coefficient. */
  readonly valueLoss: number;
  readonly entropy: number;
  readonly totalLoss: number;
  /** Mean of (ratio − 1) − log ratio (Schulman 2020, "Approximating KL divergence", k3). */
  readonly approxKl: number;
  /** Share of rows with |ratio − 1| > clipRange. */
  readonly clipFraction: number;
  readonly rows: number;
}

/** The options of one step of Adam. */
export interface AdamOptions {
  readonly learningRate: number;
  /** The gradient is scaled down to this L2 norm over all tensors; null: never. */
  readonly maxGradNorm: number | null;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to √v̂. */
  readonly epsilon: number;
}

/** Adam's memory; moments in the order and shapes of the weights. */
export interface OptimiserState {
  /** Steps taken. */
  readonly step: number;
  readonly firstMoments: Weights;
  readonly secondMoments: Weights;
}

/** The network's outputs for each row, time-major. */
export interface ForwardResult {
  /** [rows, actions], unmasked. */
  readonly logits: Float32Array;
  /** [rows] */
  readonly values: Float32Array;
  /** After the last step; null without an LSTM. */
  readonly state: LstmState | null;
}

/**
 * A network with its optimiser. Synchronous; all that comes out is a copy. Bad shapes and numbers that are not finite are
 * refused with a `BadInputError` before anything changes.
 */
export interface Engine {
  /** `wasm` or `tfjs (<backend>)`: goes into the checkpoint's record. */
  readonly name: string;
  readonly spec: NetworkSpec;
  /** One step of a batch: observations [batch, observationSize]; a null state is zeros, absent starts are none. */
  step(observations: Float32Array, state: LstmState | null, episodeStarts?: Uint8Array): ForwardResult;
  /** Logits and values of whole sequences, and the memory after them: refreshes the states of a rollout. */
  forwardSequence(sequences: Sequences): ForwardResult;
  /** Adds the gradient of the PPO loss to what has gathered since the last `adam` or `setWeights`. */
  forwardBackward(minibatch: Minibatch, options: LossOptions): LossReport;
  /** Clips the gathered gradient, takes one step of Adam with it, and forgets it. */
  adam(options: AdamOptions): { readonly gradientNorm: number };
  getGradients(): Weights;
  getWeights(): Weights;
  setWeights(weights: Weights): void;
  getOptimiser(): OptimiserState;
  setOptimiser(state: OptimiserState): void;
  /** Memory it keeps between calls; grows only with the largest batch. */
  heldBytes(): number;
  /** Gives back threads and tensors. */
  close(): void;
}

/** Stable-Baselines3's: PPO with Adam at ε = 1e-5. */
export const LOSS_DEFAULTS: LossOptions = {
  clipRange: 0.2,
  valueCoefficient: 0.5,
  entropyCoefficient: 0,
  normaliseAdvantages: true,
};

/** Adam's usual options, with the epsilon that PPO implementations use. */
export const ADAM_DEFAULTS: AdamOptions = {
  learningRate: 3e-4,
  maxGradNorm: 0.5,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-5,
};
