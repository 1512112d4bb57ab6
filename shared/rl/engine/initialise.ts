/** First weights of a network, drawn from a `Random`. */
import type { Random } from "#shared/core/random.ts";
import { checkSpec, sizeOf, weightShapes, type NetworkSpec, type WeightShape, type Weights } from "./network.ts";

/** Gain of the actor's kernel: near zero, so that the first policy is close to uniform (Andrychowicz et al. 2021, §3.2). */
const ACTOR_GAIN = 0.01;

/**
 * Dense kernels orthogonal, gain √2 behind a ReLU, 0.01 for the actor, 1 for the critic, as Stable-Baselines3 does: the
 * signal keeps its size through the layers. The LSTM as Keras does: kernel Glorot uniform, each recurrent gate orthogonal
 * (its powers neither vanish nor explode), forget bias 1 (Jozefowicz et al. 2015: remember until taught otherwise). Other
 * biases 0. Each tensor draws from its own fork: a changed layer moves no other.
 */
export function initialWeights(spec: NetworkSpec, random: Random): Weights {
  checkSpec(spec);
  return weightShapes(spec).map((shape) => initialTensor(shape, random.fork(shape.name)));
}

function initialTensor(tensor: WeightShape, random: Random): Float32Array {
  const [rows, columns] = tensor.shape as readonly [number, number];
  switch (tensor.name) {
    case "lstm/kernel":
      return glorotUniform(rows, columns, random);
    case "lstm/recurrent_kernel":
      return sideBySide(
        Array.from({ length: 4 }, () => orthogonal(rows, rows, 1, random)),
        rows,
      );
    case "lstm/bias": {
      const units = rows / 4;
      return new Float32Array(rows).fill(1, units, 2 * units);
    }
    case "actor/kernel":
      return Float32Array.from(orthogonal(rows, columns, ACTOR_GAIN, random));
    case "critic/kernel":
      return Float32Array.from(orthogonal(rows, columns, 1, random));
    default:
      return tensor.shape.length === 1
        ? new Float32Array(sizeOf(tensor))
        : Float32Array.from(orthogonal(rows, columns, Math.SQRT2, random));
  }
}

/** Uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010, eq. 16). */
function glorotUniform(rows: number, columns: number, random: Random): Float32Array {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length: rows * columns }, () => (2 * random.next() - 1) * limit);
}

/** Joins square matrices along their columns. */
function sideBySide(gates: readonly Float64Array[], size: number): Float32Array {
  const joined = new Float32Array(size * size * gates.length);
  gates.forEach((gate, g) => {
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        joined[(row * gates.length + g) * size + column] = gate[row * size + column]!;
  });
  return joined;
}

/** Orthonormal rows or columns, whichever are fewer, times `gain`: Gram–Schmidt on normal draws (Saxe et al. 2014). */
function orthogonal(rows: number, columns: number, gain: number, random: Random): Float64Array {
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Twice, because once leaves rounding that grows with the number of vectors.
    for (let pass = 0; pass < 2; pass++) for (const known of basis) addScaled(vector, known, -dot(vector, known));
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  const matrix = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      matrix[row * columns + column] = gain * (rows >= columns ? basis[column]![row]! : basis[row]![column]!);
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += source[i]! * scale;
}
