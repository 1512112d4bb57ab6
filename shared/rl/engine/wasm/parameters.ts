/** How the tensors of a network lie in one vector, padded so that the kernel meets no odd sizes. */
import { weightShapes, type NetworkSpec, type Weights } from "../network.ts";

/** A map the kernel multiplies with; numbers are floats into the vector. */
export interface MatrixPlan {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernelAt: number;
  readonly biasAt: number;
}

/** Where a tensor of the checkpoint lies: rows of groups (the gates) of `width` floats each. */
export interface TensorPlan {
  readonly at: number;
  readonly rows: number;
  readonly rowStride: number;
  readonly groups: number;
  readonly groupStride: number;
  readonly width: number;
}

/** Where each tensor of a network lies within a parameter vector. */
export interface ParameterPlan {
  readonly floats: number;
  readonly matrices: readonly MatrixPlan[];
  /** In the order of `weightShapes`. */
  readonly tensors: readonly TensorPlan[];
  readonly paddedUnits: number;
  /** No row of a batch needs more scratch: each matrix's input and output, three times, is never less than what is kept. */
  readonly mostBytesPerRow: number;
}

/** A number of columns rounded up to a whole panel of eight. */
export const padded = (size: number): number => Math.ceil(size / 8) * 8;

/** Hidden layers, LSTM kernel and recurrent kernel where there is an LSTM, then both heads as columns of one matrix. */
export function planParameters(spec: NetworkSpec): ParameterPlan {
  const matrices: MatrixPlan[] = [];
  const tensors: TensorPlan[] = [];
  let floats = 0;
  const take = (count: number) => (floats += count) - count;
  const matrix = (inputs: number, outputs: number, biasOf?: MatrixPlan): MatrixPlan => {
    const plan = { inputs, outputs, kernelAt: take(inputs * outputs), biasAt: biasOf?.biasAt ?? take(outputs) };
    matrices.push(plan);
    return plan;
  };
  const tensor = (at: number, rows: number, outputs: number, width: number, groups = 1) =>
    tensors.push({ at, rows, rowStride: outputs, groups, groupStride: outputs / groups, width });

  let width = spec.observationSize;
  for (const units of spec.hidden) {
    const { kernelAt, biasAt, outputs } = matrix(padded(width), padded(units));
    tensor(kernelAt, width, outputs, units);
    tensor(biasAt, 1, outputs, units);
    width = units;
  }
  const paddedUnits = spec.lstm === null ? 0 : padded(spec.lstm);
  if (spec.lstm !== null) {
    const kernel = matrix(padded(width), 4 * paddedUnits);
    const recurrent = matrix(paddedUnits, 4 * paddedUnits, kernel);
    tensor(kernel.kernelAt, width, kernel.outputs, spec.lstm, 4);
    tensor(recurrent.kernelAt, spec.lstm, recurrent.outputs, spec.lstm, 4);
    tensor(kernel.biasAt, 1, kernel.outputs, spec.lstm, 4);
    width = spec.lstm;
  }
  const heads = matrix(padded(width), padded(spec.actions + 1));
  for (const [column, columns] of [
    [0, spec.actions],
    [spec.actions, 1],
  ] as const) {
    tensor(heads.kernelAt + column, width, heads.outputs, columns);
    tensor(heads.biasAt + column, 1, heads.outputs, columns);
  }
  const mostBytesPerRow = 4 * 3 * matrices.reduce((sum, { inputs, outputs }) => sum + inputs + outputs, 0);
  return { floats, matrices, tensors, paddedUnits, mostBytesPerRow };
}

/** Copies tensors into a vector; what is padded is left alone, that is zero. */
export function scatter({ tensors }: ParameterPlan, weights: Weights, vector: Float32Array): void {
  tensors.forEach((tensor, i) => {
    const from = weights[i]!;
    stretches(tensor, (at, source) => vector.set(from.subarray(source, source + tensor.width), at));
  });
}

/** The inverse of `scatter`. */
export function collect({ tensors }: ParameterPlan, spec: NetworkSpec, vector: Float32Array): Weights {
  return weightShapes(spec).map((_, i) => {
    const tensor = tensors[i]!;
    const to = new Float32Array(tensor.rows * tensor.groups * tensor.width);
    stretches(tensor, (at, target) => to.set(vector.subarray(at, at + tensor.width), target));
    return to;
  });
}

function stretches({ at, rows, rowStride, groups, groupStride, width }: TensorPlan, each: Stretch): void {
  let dense = 0;
  for (let row = 0; row < rows; row++)
    for (let group = 0; group < groups; group++, dense += width)
      each(at + row * rowStride + group * groupStride, dense);
}

/** `at` in the vector, `dense` in the tensor. */
type Stretch = (at: number, dense: number) => void;
