/** The door of an engine: shapes fit and every number is finite, or one sentence says what is not. */
import { BadInputError } from "#shared/core/errors.ts";
import { sizeOf, weightShapes, type NetworkSpec, type Weights } from "./network.ts";
import type { AdamOptions, LossOptions, LstmState, Minibatch, OptimiserState, Sequences } from "./types.ts";

/** Throws `BadInputError` where an array has the wrong length or holds what is no number or flag. */
export function checkSequences(spec: NetworkSpec, sequences: Sequences): void {
  wholeNumber("steps", sequences.steps);
  wholeNumber("sequences", sequences.sequences);
  const rows = sequences.steps * sequences.sequences;
  numbers("observations", sequences.observations, rows * spec.observationSize);
  flags("episodeStarts", sequences.episodeStarts, rows);
  checkState(spec, sequences.initialState, sequences.sequences);
}

/** As `checkSequences`, for the LSTM's memory of `batch` sequences; null is a memory of zeros. */
export function checkState(spec: NetworkSpec, state: LstmState | null, batch: number): void {
  if (state === null) return;
  if (spec.lstm === null) throw new BadInputError("initialState must be null: the network has no LSTM");
  numbers("state.h", state.h, batch * spec.lstm);
  numbers("state.c", state.c, batch * spec.lstm);
}

/** As `checkSequences`, for a minibatch and the options of its loss; also actions that are masked or out of range. */
export function checkMinibatch(spec: NetworkSpec, minibatch: Minibatch, options: LossOptions): void {
  checkSequences(spec, minibatch);
  const rows = minibatch.steps * minibatch.sequences;
  numbers("oldLogProbs", minibatch.oldLogProbs, rows);
  numbers("advantages", minibatch.advantages, rows);
  numbers("returns", minibatch.returns, rows);
  if (minibatch.masks !== null) flags("masks", minibatch.masks, rows);
  if (minibatch.actionMasks !== null) flags("actionMasks", minibatch.actionMasks, rows * spec.actions);
  checkActions(spec, minibatch);
  checkLossOptions(minibatch, options);
}

/** Rows that count must name an action that exists and was allowed. */
function checkActions({ actions }: NetworkSpec, { actions: taken, masks, actionMasks, steps, sequences }: Minibatch) {
  length("actions", taken, steps * sequences);
  taken.forEach((action, row) => {
    if (action < 0 || action >= actions)
      throw new BadInputError(`actions[${row}] must be from 0 to ${actions - 1}, was: '${action}'`);
    if (actionMasks !== null && masks?.[row] !== 0 && actionMasks[row * actions + action] === 0)
      throw new BadInputError(`actions[${row}] is '${action}', which actionMasks forbids`);
  });
}

function checkLossOptions({ masks }: Minibatch, options: LossOptions): void {
  const { clipRange, valueCoefficient, entropyCoefficient } = options;
  atLeastZero("clipRange", clipRange);
  atLeastZero("valueCoefficient", valueCoefficient);
  atLeastZero("entropyCoefficient", entropyCoefficient);
  if (masks !== null && !masks.includes(1)) throw new BadInputError("masks leave no row that counts");
}

/** Throws `BadInputError` for an option of the optimiser that is out of its range. */
export function checkAdam(options: AdamOptions): void {
  atLeastZero("learningRate", options.learningRate);
  if (options.maxGradNorm !== null) atLeastZero("maxGradNorm", options.maxGradNorm);
  for (const name of ["beta1", "beta2"] as const) {
    const beta = options[name];
    if (!(beta >= 0 && beta < 1)) throw new BadInputError(`${name} must be at least 0 and below 1, was: '${beta}'`);
  }
  if (!(options.epsilon > 0 && Number.isFinite(options.epsilon)))
    throw new BadInputError(`epsilon must be above 0, was: '${options.epsilon}'`);
}

/** Throws `BadInputError` where tensors are missing, have the wrong length or are not finite; `what` names them. */
export function checkWeights(spec: NetworkSpec, weights: Weights, what = "weights"): void {
  const shapes = weightShapes(spec);
  if (weights.length !== shapes.length)
    throw new BadInputError(`${what} must be ${shapes.length} tensors, were: '${weights.length}'`);
  shapes.forEach((shape, i) => numbers(`${what} ${shape.name}`, weights[i]!, sizeOf(shape)));
}

/** Throws `BadInputError` for a step that is no whole number, and for moments that cannot be. */
export function checkOptimiser(spec: NetworkSpec, state: OptimiserState): void {
  if (!Number.isInteger(state.step) || state.step < 0)
    throw new BadInputError(`optimiser step must be a whole number of at least 0, was: '${state.step}'`);
  checkWeights(spec, state.firstMoments, "first moments");
  checkWeights(spec, state.secondMoments, "second moments");
  state.secondMoments.forEach((moments, i) => {
    const at = moments.findIndex((moment) => moment < 0);
    if (at >= 0) {
      const { name } = weightShapes(spec)[i]!;
      throw new BadInputError(`second moments ${name}[${at}] must be at least 0, was: '${moments[at]}'`);
    }
  });
}

/** Throws `BadInputError` unless the array has this length and only finite numbers. */
export function numbers(name: string, array: Float32Array, expected: number): void {
  length(name, array, expected);
  // A sum of x · 0 is 0 unless one of them is not finite: one pass without a branch; looked at again only to name it.
  let sum = 0;
  for (let i = 0; i < array.length; i++) sum += array[i]! * 0;
  if (sum === 0) return;
  const at = array.findIndex((value) => !Number.isFinite(value));
  throw new BadInputError(`${name}[${at}] must be a finite number, was: '${array[at]}'`);
}

/** Throws `BadInputError` unless the array has this length and only 0 and 1. */
export function flags(name: string, array: Uint8Array, expected: number): void {
  length(name, array, expected);
  const at = array.findIndex((flag) => flag > 1);
  if (at >= 0) throw new BadInputError(`${name}[${at}] must be 0 or 1, was: '${array[at]}'`);
}

function length(name: string, array: ArrayLike<number>, expected: number): void {
  if (array.length !== expected)
    throw new BadInputError(`${name} must have ${expected} numbers, had: '${array.length}'`);
}

function wholeNumber(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new BadInputError(`${name} must be a whole number of at least 1, was: '${value}'`);
}

function atLeastZero(name: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value)))
    throw new BadInputError(`${name} must be a finite number of at least 0, was: '${value}'`);
}
