/** The network all agents share: dense ReLU layers, an LSTM where there is one, an actor and a critic. */
import { BadInputError } from "#shared/core/errors.ts";

/** The shape of a network: dense layers, perhaps an LSTM, and the heads for actor and critic. */
export interface NetworkSpec {
  readonly observationSize: number;
  /** Units of each dense ReLU layer, at least one layer. */
  readonly hidden: readonly number[];
  /** Units of the LSTM; null for a plain feed-forward network. */
  readonly lstm: number | null;
  readonly actions: number;
}

/**
 * One array a tensor, row-major [in, out], in the order of `weightShapes`. The four gates of the LSTM lie side by side in
 * Keras's order: input, forget, candidate, output.
 */
export type Weights = readonly Float32Array[];

/** The name and shape of one weight tensor. */
export interface WeightShape {
  /** As in the checkpoint: `enc1/kernel`, `lstm/recurrent_kernel`, `critic/bias`. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** Every tensor in the order of the checkpoint: enc1, enc2, …, lstm kernel, recurrent kernel, bias, actor, critic. */
export function weightShapes(spec: NetworkSpec): readonly WeightShape[] {
  const shapes: WeightShape[] = [];
  const dense = (name: string, inputs: number, outputs: number) =>
    shapes.push({ name: `${name}/kernel`, shape: [inputs, outputs] }, { name: `${name}/bias`, shape: [outputs] });
  let width = spec.observationSize;
  spec.hidden.forEach((units, layer) => {
    dense(`enc${layer + 1}`, width, units);
    width = units;
  });
  if (spec.lstm !== null) {
    shapes.push(
      { name: "lstm/kernel", shape: [width, 4 * spec.lstm] },
      { name: "lstm/recurrent_kernel", shape: [spec.lstm, 4 * spec.lstm] },
      { name: "lstm/bias", shape: [4 * spec.lstm] },
    );
    width = spec.lstm;
  }
  dense("actor", width, spec.actions);
  dense("critic", width, 1);
  return shapes;
}

/** How many numbers a tensor of this shape has. */
export function sizeOf({ shape }: WeightShape): number {
  return shape.reduce((product, length) => product * length, 1);
}

const MAX_UNITS = 4096;
const MAX_LAYERS = 8;

/** Refuses sizes that no engine could hold; a spec may come from a checkpoint, that is from outside. */
export function checkSpec(spec: NetworkSpec): void {
  const size = (name: string, value: number) => {
    if (!Number.isInteger(value) || value < 1 || value > MAX_UNITS)
      throw new BadInputError(`network: ${name} must be a whole number from 1 to ${MAX_UNITS}, was: '${value}'`);
  };
  if (spec.hidden.length < 1 || spec.hidden.length > MAX_LAYERS)
    throw new BadInputError(`network: hidden must have 1 to ${MAX_LAYERS} layers, had: '${spec.hidden.length}'`);
  size("observationSize", spec.observationSize);
  spec.hidden.forEach((units, layer) => size(`hidden[${layer}]`, units));
  if (spec.lstm !== null) size("lstm", spec.lstm);
  size("actions", spec.actions);
}
