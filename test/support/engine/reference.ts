/** The same network and loss in plain Float64 loops, one sequence after another: slow, and easy to believe. */
import { sizeOf, weightShapes, type NetworkSpec } from "#shared/rl/engine/network.ts";
import type { LossOptions, LossReport, Minibatch, Sequences } from "#shared/rl/engine/types.ts";

type Vector = Float64Array;
type Tensors = Record<string, Vector>;

export interface ReferenceForward {
  readonly logits: Vector;
  readonly values: Vector;
  readonly h: Vector;
  readonly c: Vector;
}

interface Cell {
  readonly hIn: Vector;
  readonly cIn: Vector;
  readonly i: Vector;
  readonly f: Vector;
  readonly g: Vector;
  readonly o: Vector;
  readonly c: Vector;
  readonly h: Vector;
}

/** What one step of one sequence went through. */
interface Trace {
  readonly inputs: readonly Vector[];
  readonly cell: Cell | null;
  readonly top: Vector;
  readonly logits: Vector;
  readonly value: number;
}

export function referenceForward(spec: NetworkSpec, weights: readonly Vector[], batch: Sequences): ReferenceForward {
  const traces = forward(spec, named(spec, weights), batch);
  const units = spec.lstm ?? 0;
  const last = traces.slice((batch.steps - 1) * batch.sequences);
  return {
    logits: Float64Array.from(traces.flatMap(({ logits }) => [...logits])),
    values: Float64Array.from(traces, ({ value }) => value),
    h: Float64Array.from(units === 0 ? [] : last.flatMap(({ cell }) => [...cell!.h])),
    c: Float64Array.from(units === 0 ? [] : last.flatMap(({ cell }) => [...cell!.c])),
  };
}

/** Loss and gradient; with `gradient: false` the loss alone, for finite differences. */
export function referenceLoss(
  spec: NetworkSpec,
  weights: readonly Vector[],
  batch: Minibatch,
  options: LossOptions,
): { readonly report: LossReport; readonly gradients: () => readonly Vector[] } {
  const tensors = named(spec, weights);
  const traces = forward(spec, tensors, batch);
  const { report, dLogits, dValues } = loss(spec, traces, batch, options);
  return { report, gradients: () => backward(spec, tensors, batch, traces, dLogits, dValues) };
}

function named(spec: NetworkSpec, weights: readonly Vector[]): Tensors {
  return Object.fromEntries(weightShapes(spec).map(({ name }, i) => [name, weights[i]!]));
}

function forward(spec: NetworkSpec, w: Tensors, batch: Sequences): Trace[] {
  const traces: Trace[] = [];
  const units = spec.lstm ?? 0;
  for (let t = 0; t < batch.steps; t++) {
    for (let b = 0; b < batch.sequences; b++) {
      const row = t * batch.sequences + b;
      const size = spec.observationSize;
      const inputs: Vector[] = [Float64Array.from(batch.observations.subarray(row * size, (row + 1) * size))];
      spec.hidden.forEach((_, layer) => {
        const z = affine(inputs[layer]!, w[`enc${layer + 1}/kernel`]!, w[`enc${layer + 1}/bias`]!);
        inputs.push(z.map((value) => Math.max(0, value)));
      });
      let top: Vector = inputs.at(-1)!;
      let cell: Cell | null = null;
      if (units > 0) {
        cell = lstmCell(w, top, memoryBefore(batch, traces, t, b, units, row));
        top = cell.h;
      }
      const logits = affine(top, w["actor/kernel"]!, w["actor/bias"]!);
      const value = affine(top, w["critic/kernel"]!, w["critic/bias"]!)[0]!;
      traces.push({ inputs, cell, top, logits, value });
    }
  }
  return traces;
}

function memoryBefore(batch: Sequences, traces: readonly Trace[], t: number, b: number, units: number, row: number) {
  const zeros = () => new Float64Array(units);
  if (batch.episodeStarts[row] === 1) return { h: zeros(), c: zeros() };
  if (t > 0) {
    const { h, c } = traces[row - batch.sequences]!.cell!;
    return { h, c };
  }
  const { initialState } = batch;
  if (initialState === null) return { h: zeros(), c: zeros() };
  const cut = (from: Float32Array) => Float64Array.from(from.subarray(b * units, (b + 1) * units));
  return { h: cut(initialState.h), c: cut(initialState.c) };
}

function lstmCell(w: Tensors, x: Vector, { h: hIn, c: cIn }: { h: Vector; c: Vector }): Cell {
  const fromInput = affine(x, w["lstm/kernel"]!, w["lstm/bias"]!);
  const z = affine(hIn, w["lstm/recurrent_kernel"]!, fromInput);
  const units = hIn.length;
  const gate = (index: number, squash: (x: number) => number) =>
    z.subarray(index * units, (index + 1) * units).map(squash);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const [i, f, g, o] = [gate(0, sigmoid), gate(1, sigmoid), gate(2, Math.tanh), gate(3, sigmoid)];
  const c = cIn.map((old, u) => f[u]! * old + i[u]! * g[u]!);
  return { hIn, cIn, i, f, g, o, c, h: c.map((cell, u) => o[u]! * Math.tanh(cell)) };
}

function loss(spec: NetworkSpec, traces: readonly Trace[], batch: Minibatch, options: LossOptions) {
  const counts = (row: number) => batch.masks === null || batch.masks[row] === 1;
  const rows = traces.filter((_, row) => counts(row)).length;
  const advantages = options.normaliseAdvantages
    ? normalised(batch, counts, rows)
    : Float64Array.from(batch.advantages);
  const sum = { policy: 0, value: 0, entropy: 0, kl: 0, clipped: 0 };
  const dLogits = traces.map(() => new Float64Array(spec.actions));
  const dValues = new Float64Array(traces.length);
  traces.forEach(({ logits, value }, row) => {
    if (!counts(row)) return;
    const allowed = (a: number) => batch.actionMasks === null || batch.actionMasks[row * spec.actions + a] === 1;
    const total = logits.reduce((all, z, a) => (allowed(a) ? all + Math.exp(z) : all), 0);
    const p = logits.map((z, a) => (allowed(a) ? Math.exp(z) / total : 0));
    const action = batch.actions[row]!;
    const logRatio = Math.log(p[action]!) - batch.oldLogProbs[row]!;
    const ratio = Math.exp(logRatio);
    const advantage = advantages[row]!;
    const bounded = Math.min(Math.max(ratio, 1 - options.clipRange), 1 + options.clipRange);
    const surrogate = Math.min(ratio * advantage, bounded * advantage);
    const entropy = -p.reduce((all, q) => (q > 0 ? all + q * Math.log(q) : all), 0);
    sum.policy -= surrogate;
    sum.value += (batch.returns[row]! - value) ** 2;
    sum.entropy += entropy;
    sum.kl += ratio - 1 - logRatio;
    sum.clipped += Math.abs(ratio - 1) > options.clipRange ? 1 : 0;

    const dLogProb = surrogate === ratio * advantage ? -ratio * advantage : 0;
    p.forEach((q, a) => {
      if (q === 0) return;
      const policy = dLogProb * ((a === action ? 1 : 0) - q);
      const spread = options.entropyCoefficient * q * (Math.log(q) + entropy);
      dLogits[row]![a] = (policy + spread) / rows;
    });
    dValues[row] = (2 * options.valueCoefficient * (value - batch.returns[row]!)) / rows;
  });
  const policyLoss = sum.policy / rows;
  const valueLoss = sum.value / rows;
  const entropy = sum.entropy / rows;
  const totalLoss = policyLoss + options.valueCoefficient * valueLoss - options.entropyCoefficient * entropy;
  const report = {
    policyLoss,
    valueLoss,
    entropy,
    totalLoss,
    approxKl: sum.kl / rows,
    clipFraction: sum.clipped / rows,
    rows,
  };
  return { report, dLogits, dValues };
}

function normalised(batch: Minibatch, counts: (row: number) => boolean, rows: number): Vector {
  const kept = [...batch.advantages].filter((_, row) => counts(row));
  const mean = kept.reduce((all, a) => all + a, 0) / rows;
  const deviation = Math.sqrt(kept.reduce((all, a) => all + (a - mean) ** 2, 0) / (rows - 1));
  return Float64Array.from(batch.advantages, (a) => (a - mean) / (deviation + 1e-8));
}

function backward(
  spec: NetworkSpec,
  w: Tensors,
  batch: Sequences,
  traces: readonly Trace[],
  dLogits: readonly Vector[],
  dValues: Vector,
): readonly Vector[] {
  const shapes = weightShapes(spec);
  const gradient: Tensors = Object.fromEntries(shapes.map((shape) => [shape.name, new Float64Array(sizeOf(shape))]));
  const units = spec.lstm ?? 0;
  for (let b = 0; b < batch.sequences; b++) {
    let dhNext: Vector = new Float64Array(units);
    let dcNext: Vector = new Float64Array(units);
    for (let t = batch.steps - 1; t >= 0; t--) {
      const row = t * batch.sequences + b;
      const { inputs, cell, top } = traces[row]!;
      const dTop = new Float64Array(top.length);
      const through = (name: string, x: Vector, dy: Vector, dx: Vector | null) => {
        outer(gradient[name]!, x, dy);
        if (dx) backThrough(w[name]!, dy, dx);
      };
      const dValue = Float64Array.of(dValues[row]!);
      through("actor/kernel", top, dLogits[row]!, dTop);
      add(gradient["actor/bias"]!, dLogits[row]!);
      through("critic/kernel", top, dValue, dTop);
      add(gradient["critic/bias"]!, dValue);
      let dInput: Vector = dTop;
      if (cell) {
        const dz = new Float64Array(4 * units);
        const dcIn = new Float64Array(units);
        for (let u = 0; u < units; u++) {
          const [i, f, g, o] = [cell.i[u]!, cell.f[u]!, cell.g[u]!, cell.o[u]!];
          const tanhC = Math.tanh(cell.c[u]!);
          const dh = dTop[u]! + dhNext[u]!;
          const dc = dcNext[u]! + dh * o * (1 - tanhC ** 2);
          dz[u] = dc * g * i * (1 - i);
          dz[units + u] = dc * cell.cIn[u]! * f * (1 - f);
          dz[2 * units + u] = dc * i * (1 - g ** 2);
          dz[3 * units + u] = dh * tanhC * o * (1 - o);
          dcIn[u] = dc * f;
        }
        dInput = new Float64Array(inputs.at(-1)!.length);
        through("lstm/kernel", inputs.at(-1)!, dz, dInput);
        add(gradient["lstm/bias"]!, dz);
        const dhIn = new Float64Array(units);
        through("lstm/recurrent_kernel", cell.hIn, dz, dhIn);
        const forgotten = batch.episodeStarts[row] === 1;
        dhNext = forgotten ? new Float64Array(units) : dhIn;
        dcNext = forgotten ? new Float64Array(units) : dcIn;
      }
      for (let layer = spec.hidden.length; layer >= 1; layer--) {
        const dz = dInput.map((d, u) => (inputs[layer]![u]! > 0 ? d : 0));
        const dx = new Float64Array(inputs[layer - 1]!.length);
        through(`enc${layer}/kernel`, inputs[layer - 1]!, dz, dx);
        add(gradient[`enc${layer}/bias`]!, dz);
        dInput = dx;
      }
    }
  }
  return shapes.map(({ name }) => gradient[name]!);
}

/** x·W + b, W row-major [in, out] */
function affine(x: Vector, kernel: Vector, bias: Vector): Vector {
  const y = Float64Array.from(bias);
  x.forEach((value, i) => {
    for (let j = 0; j < y.length; j++) y[j]! += value * kernel[i * y.length + j]!;
  });
  return y;
}

function outer(gradient: Vector, x: Vector, dy: Vector): void {
  x.forEach((value, i) => {
    for (let j = 0; j < dy.length; j++) gradient[i * dy.length + j]! += value * dy[j]!;
  });
}

function backThrough(kernel: Vector, dy: Vector, dx: Vector): void {
  for (let i = 0; i < dx.length; i++) for (let j = 0; j < dy.length; j++) dx[i]! += kernel[i * dy.length + j]! * dy[j]!;
}

function add(target: Vector, source: Vector): void {
  for (let i = 0; i < target.length; i++) target[i]! += source[i]!;
}
