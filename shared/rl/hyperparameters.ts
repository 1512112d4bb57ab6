/** Hyperparameters: what each means, and what the engine is given of them as a training goes on. */
import { ADAM_DEFAULTS, LOSS_DEFAULTS, type AdamOptions, type LossOptions } from "./engine/types.ts";
import { scheduled, type Schedulable } from "./schedules.ts";

/** All that a training can be tuned by. */
export interface Hyperparameters {
  /** Units of the dense ReLU layers before the LSTM. */
  readonly hidden: readonly number[];
  /** Units of the LSTM; null: none. */
  readonly lstm: number | null;
  /** Adam's step size. */
  readonly learningRate: Schedulable;
  /** γ: what a reward one window later is worth now. */
  readonly discount: number;
  /** λ of GAE: 0 trusts the critic, 1 the rewards. */
  readonly gaeLambda: number;
  /** ε: the new policy gains nothing by moving the ratio further than this from 1. */
  readonly clipRange: number;
  /** Weight of the critic's error in the loss. */
  readonly valueCoefficient: number;
  /** Weight of the entropy bonus: keeps the agent trying. */
  readonly entropyCoefficient: Schedulable;
  /** The gradient is scaled down to this L2 norm. */
  readonly maxGradNorm: number;
  /** Environments that are stepped side by side. */
  readonly environments: number;
  /** Steps of all environments together between two updates. */
  readonly rolloutSteps: number;
  /** Steps that one gradient is made of. */
  readonly minibatchSteps: number;
  /** Passes over a rollout. */
  readonly epochs: number;
  /** An update ends early when the policy moved further than this (approximate KL); null: never. */
  readonly targetKl: number | null;
  /** Steps through which a gradient flows back; the state before them comes from the rollout. 1 without an LSTM. */
  readonly sequenceSteps: number;
  /** Computes the LSTM's state before each sequence again, with the new weights, before each further epoch. */
  readonly refreshMemory: boolean;
  /** Windows of an episode. */
  readonly episodeWindows: number;
  /** Values what comes after a cut by the critic; else a cut counts as an end. */
  readonly bootstrapTruncation: boolean;
  /** Never tries an action that leaves the bounds. */
  readonly maskActions: boolean;
  /** Shifts and scales observations by their running mean and deviation. */
  readonly normaliseObservations: boolean;
  /** Each episode has a platform of its own, drawn from the simulator's ranges, and begins with any replica count. */
  readonly randomisePlatform: boolean;
  /** The guard runs between agent and platform, as in service. */
  readonly guard: boolean;
  /** Rewards say how much better than a constant policy on the same load: most of the luck of the load falls out. */
  readonly comparedRewards: boolean;
}

/** Loss and optimiser as the engine takes them. */
export interface EngineOptions {
  readonly loss: LossOptions;
  readonly adam: AdamOptions;
}

/** Every schedule at a share 0…1 of the training; at 1, where an agent has learned, its step and its entropy bonus are the smallest. */
export function scheduledHyperparameters(hyperparameters: Hyperparameters, progress: number): EngineOptions {
  const { clipRange, valueCoefficient, maxGradNorm } = hyperparameters;
  const entropyCoefficient = scheduled(hyperparameters.entropyCoefficient, progress);
  const learningRate = scheduled(hyperparameters.learningRate, progress);
  return {
    loss: { ...LOSS_DEFAULTS, clipRange, valueCoefficient, entropyCoefficient },
    adam: { ...ADAM_DEFAULTS, learningRate, maxGradNorm },
  };
}
