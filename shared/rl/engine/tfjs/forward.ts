/** The network in tensors; every line is one equation. */
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { weightShapes, type NetworkSpec } from "../network.ts";
import type { Sequences } from "../types.ts";
import type { Tensorflow } from "./tensorflow.ts";

/** What one step of the LSTM went through, [sequences, units] each; `kept` is 0 where an episode starts, [sequences, 1]. */
export interface LstmStep {
  readonly kept: Tensor2D | null;
  readonly hIn: Tensor2D;
  readonly cIn: Tensor2D;
  readonly i: Tensor2D;
  readonly f: Tensor2D;
  readonly g: Tensor2D;
  readonly o: Tensor2D;
  readonly c: Tensor2D;
  readonly tanhC: Tensor2D;
  readonly h: Tensor2D;
}

/** The activations of a forward pass, kept for the backward pass. */
export interface ForwardPass {
  /** The observations, then the output of each hidden layer, [rows, units]. */
  readonly layers: readonly Tensor2D[];
  readonly steps: readonly LstmStep[];
  /** What the heads read, [rows, units]. */
  readonly top: Tensor2D;
  readonly logits: Tensor2D;
  /** [rows, 1] */
  readonly values: Tensor2D;
}

/** Looks a tensor up by its name in the checkpoint. */
export type WeightOf = (name: string) => Tensor2D & Tensor1D;

/** Looks weight tensors up by the names of `weightShapes`. */
export function weightsByName(spec: NetworkSpec, weights: readonly Tensor[]): WeightOf {
  const names = new Map(weightShapes(spec).map(({ name }, i) => [name, weights[i]!]));
  return (name) => names.get(name) as ReturnType<WeightOf>;
}

/** To be called inside a scope: leaves what it made to it. */
export function forward(tf: Tensorflow, spec: NetworkSpec, weight: WeightOf, sequences: Sequences): ForwardPass {
  const dense = (x: Tensor2D, name: string) =>
    tf.add<Tensor2D>(tf.matMul(x, weight(`${name}/kernel`)), weight(`${name}/bias`));
  const rows = sequences.steps * sequences.sequences;
  const layers = [tf.tensor2d(sequences.observations, [rows, spec.observationSize])];
  spec.hidden.forEach((_, layer) => layers.push(tf.relu(dense(layers[layer]!, `enc${layer + 1}`))));
  let top = layers.at(-1)!;
  let steps: LstmStep[] = [];
  if (spec.lstm !== null) {
    steps = lstm(tf, spec.lstm, weight("lstm/recurrent_kernel"), dense(top, "lstm"), sequences);
    top = tf.concat2d(
      steps.map(({ h }) => h),
      0,
    );
  }
  return { layers, steps, top, logits: dense(top, "actor"), values: dense(top, "critic") };
}

/** i, f, o = σ(z), g = tanh(z);  c = f ⊙ c₋ + i ⊙ g;  h = o ⊙ tanh c        (Hochreiter & Schmidhuber 1997; Gers et al. 2000) */
function lstm(tf: Tensorflow, units: number, recurrent: Tensor2D, fromInput: Tensor2D, sequences: Sequences) {
  const { steps: count, sequences: batch, initialState, episodeStarts } = sequences;
  const memory = (from: Float32Array | undefined): Tensor2D =>
    from === undefined ? tf.zeros([batch, units]) : tf.tensor2d(from, [batch, units]);
  let before = { h: memory(initialState?.h), c: memory(initialState?.c) };
  const steps: LstmStep[] = [];
  for (let t = 0; t < count; t++) {
    const kept = keptMemory(tf, episodeStarts.subarray(t * batch, (t + 1) * batch));
    const hIn = kept === null ? before.h : tf.mul<Tensor2D>(before.h, kept);
    const cIn = kept === null ? before.c : tf.mul<Tensor2D>(before.c, kept);
    const z = tf.add(tf.slice2d(fromInput, [t * batch, 0], [batch, 4 * units]), tf.matMul(hIn, recurrent));
    const gates = tf.split(z, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const [i, f, g, o] = [tf.sigmoid(gates[0]), tf.sigmoid(gates[1]), tf.tanh(gates[2]), tf.sigmoid(gates[3])];
    const c: Tensor2D = tf.add(tf.mul(f, cIn), tf.mul(i, g));
    const tanhC = tf.tanh(c);
    const h: Tensor2D = tf.mul(o, tanhC);
    before = { h, c };
    steps.push({ kept, hIn, cIn, i, f, g, o, c, tanhC, h });
  }
  return steps;
}

/** Null when no episode starts: nothing to multiply. */
function keptMemory(tf: Tensorflow, starts: Uint8Array): Tensor2D | null {
  return starts.includes(1)
    ? tf.tensor2d(
        Float32Array.from(starts, (start) => 1 - start),
        [starts.length, 1],
      )
    : null;
}
