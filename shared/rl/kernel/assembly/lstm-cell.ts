/** One step of the LSTM for one sequence, forward and back; the products with the kernels are made outside. */
import { logistic, tanh } from "./exponential";

/**
 * i, f, o = σ(z), g = tanh(z);  c = f ⊙ c₋ + i ⊙ g;  h = o ⊙ tanh c        (Hochreiter & Schmidhuber 1997; Gers et al. 2000)
 * `gates` holds z in the order i, f, g, o and is overwritten with the activations. `cellIn` is c₋.
 */
export function cellForward(
  gates: usize,
  units: i32,
  cellIn: usize,
  cellOut: usize,
  tanhCell: usize,
  hidden: usize,
): void {
  const gate = (<usize>units) << 2;
  for (let u: usize = 0; u < gate; u += 16) {
    const z = gates + u;
    const i = logistic(v128.load(z));
    const f = logistic(v128.load(z + gate));
    const g = tanh(v128.load(z + 2 * gate));
    const o = logistic(v128.load(z + 3 * gate));
    const c = f32x4.add(f32x4.mul(f, v128.load(cellIn + u)), f32x4.mul(i, g));
    const t = tanh(c);
    v128.store(z, i);
    v128.store(z + gate, f);
    v128.store(z + 2 * gate, g);
    v128.store(z + 3 * gate, o);
    v128.store(cellOut + u, c);
    v128.store(tanhCell + u, t);
    v128.store(hidden + u, f32x4.mul(o, t));
  }
}

/**
 * dc = dc₊ + dh ⊙ o ⊙ (1 − tanh² c); gates become dz. `carriedH` and `carriedC` come from the step after (already
 * forgotten where an episode began there); `carriedC` leaves as what goes to the step before.
 */
export function cellBackward(
  gates: usize,
  units: i32,
  cellIn: usize,
  tanhCell: usize,
  dHidden: usize,
  carriedH: usize,
  carriedC: usize,
): void {
  const gate = (<usize>units) << 2;
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < gate; u += 16) {
    const z = gates + u;
    const i = v128.load(z);
    const f = v128.load(z + gate);
    const g = v128.load(z + 2 * gate);
    const o = v128.load(z + 3 * gate);
    const t = v128.load(tanhCell + u);
    const dh = f32x4.add(v128.load(dHidden + u), v128.load(carriedH + u));
    const dTanh = f32x4.mul(f32x4.mul(dh, o), f32x4.sub(one, f32x4.mul(t, t)));
    const dc = f32x4.add(v128.load(carriedC + u), dTanh);
    const dcGate = f32x4.mul(dc, f32x4.mul(i, f32x4.sub(one, i)));
    v128.store(z, f32x4.mul(dcGate, g));
    const forget = f32x4.mul(v128.load(cellIn + u), f32x4.mul(f, f32x4.sub(one, f)));
    v128.store(z + gate, f32x4.mul(dc, forget));
    v128.store(z + 2 * gate, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(z + 3 * gate, f32x4.mul(f32x4.mul(dh, t), f32x4.mul(o, f32x4.sub(one, o))));
    v128.store(carriedC + u, f32x4.mul(dc, f));
  }
}
