/**
 * The gradient in tensors, by hand: half the operations of the library's own differentiation, whose rules the plain
 * JavaScript package does not even load by itself.
 */
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { weightShapes, type NetworkSpec } from "../network.ts";
import type { ForwardPass, LstmStep, WeightOf } from "./forward.ts";
import type { Tensorflow } from "./tensorflow.ts";

/** Gradients in the order of `weightShapes`; to be called inside a scope. */
export function backward(
  tf: Tensorflow,
  spec: NetworkSpec,
  weight: WeightOf,
  pass: ForwardPass,
  dLogits: Tensor2D,
  dValues: Tensor2D,
): readonly Tensor[] {
  const gradients = new Map<string, Tensor>();
  /** y = x·W + b:  dW = xᵀ·dy, db = Σ dy, and, returned, dx = dy·Wᵀ. */
  const dense = (name: string, x: Tensor2D, dy: Tensor2D): Tensor2D => {
    gradients.set(`${name}/kernel`, tf.matMul(x, dy, true, false));
    gradients.set(`${name}/bias`, tf.sum(dy, 0));
    return tf.matMul(dy, weight(`${name}/kernel`), false, true);
  };

  let dx = tf.add<Tensor2D>(dense("actor", pass.top, dLogits), dense("critic", pass.top, dValues));
  if (spec.lstm !== null) {
    const dz = throughTime(tf, weight("lstm/recurrent_kernel"), pass.steps, dx);
    const hIn = tf.concat2d(
      pass.steps.map((step) => step.hIn),
      0,
    );
    gradients.set("lstm/recurrent_kernel", tf.matMul(hIn, dz, true, false));
    dx = dense("lstm", pass.layers.at(-1)!, dz);
  }
  for (let layer = spec.hidden.length; layer >= 1; layer--) {
    const passed = tf.cast(tf.greater(pass.layers[layer]!, 0), "float32");
    dx = dense(`enc${layer}`, pass.layers[layer - 1]!, tf.mul<Tensor2D>(dx, passed));
  }
  return weightShapes(spec).map(({ name }) => gradients.get(name)!);
}

/** From the last step to the first; what a start forgot gets nothing back. Returns dz, [rows, 4 units]. */
function throughTime(tf: Tensorflow, recurrent: Tensor2D, steps: readonly LstmStep[], dHidden: Tensor2D): Tensor2D {
  const [batch, units] = steps[0]!.h.shape;
  const dSigmoid = (y: Tensor2D) => tf.mul(y, tf.sub(1, y));
  const dTanh = (y: Tensor2D) => tf.sub(1, tf.square(y));
  const times = (...factors: Tensor[]) => factors.reduce((product, factor) => tf.mul(product, factor)) as Tensor2D;
  const dzs: Tensor2D[] = [];
  let carried: { h: Tensor2D; c: Tensor2D } | null = null;
  for (let t = steps.length - 1; t >= 0; t--) {
    const { kept, cIn, i, f, g, o, tanhC } = steps[t]!;
    const fromHeads = tf.slice2d(dHidden, [t * batch, 0], [batch, units]);
    const dh: Tensor2D = carried === null ? fromHeads : tf.add(fromHeads, carried.h);
    const throughTanh = times(dh, o, dTanh(tanhC));
    const dc: Tensor2D = carried === null ? throughTanh : tf.add(carried.c, throughTanh);
    const dz = tf.concat2d(
      [times(dc, g, dSigmoid(i)), times(dc, cIn, dSigmoid(f)), times(dc, i, dTanh(g)), times(dh, tanhC, dSigmoid(o))],
      1,
    );
    dzs.unshift(dz);
    const dhIn: Tensor2D = tf.matMul(dz, recurrent, false, true);
    const dcIn = times(dc, f);
    carried = kept === null ? { h: dhIn, c: dcIn } : { h: times(dhIn, kept), c: times(dcIn, kept) };
  }
  return tf.concat2d(dzs, 0);
}
