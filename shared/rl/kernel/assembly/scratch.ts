/** Where a shard's activations and gradients lie while a thread works on it. */
import { heads, matrixAt, Network } from "./structs";

/** Dense layers at most; the network's spec allows no more. */
export const MAX_LAYERS: i32 = 8;

/** Rows are t · sequences + b. All widths are padded. */
@unmanaged
export class Scratch {
  rows: i32;
  sequences: i32;
  observations: usize;
  /** Memory before each step, forgotten where an episode starts; `cellIn` has one step more, for what is left at the end. */
  hiddenIn: usize;
  cellIn: usize;
  hiddenOut: usize;
  tanhCell: usize;
  gates: usize;
  heads: usize;
  dHeads: usize;
  /** Gradient of what the heads read, and of the layers below by turns. */
  dTop: usize;
  dLower: usize;
  carriedH: usize;
  carriedC: usize;
  strips: usize;
  panels: usize;
  /** The hidden layers' outputs follow. */
}

/** The fields and the layers' outputs, up to whole cache lines. */
export const SCRATCH_HEADER_BYTES: usize = 128;

/** Sets the address of a layer's output. */
export function setLayerOutput(scratch: Scratch, layer: i32, at: usize): void {
  store<usize>(changetype<usize>(scratch) + offsetof<Scratch>() + ((<usize>layer) << 2), at);
}

/** Output of a hidden layer; layer −1 is the observations. */
export function layerOutput(scratch: Scratch, layer: i32): usize {
  return layer < 0
    ? scratch.observations
    : load<usize>(changetype<usize>(scratch) + offsetof<Scratch>() + ((<usize>layer) << 2));
}

/** Lays the arrays out from `at` on; returns the first byte behind them. */
export function layOut(
  scratch: Scratch,
  network: Network,
  steps: i32,
  sequences: i32,
  backward: bool,
  at: usize,
): usize {
  const rows = steps * sequences;
  const row = (<usize>rows) << 2;
  const units = <usize>network.paddedUnits;
  scratch.rows = rows;
  scratch.sequences = sequences;
  scratch.observations = at;
  at += row * <usize>matrixAt(network, 0).inputs;
  let widest: usize = 0;
  for (let layer: i32 = 0; layer < network.hiddenLayers; layer++) {
    const width = <usize>matrixAt(network, layer).outputs;
    widest = max(widest, width);
    setLayerOutput(scratch, layer, at);
    at += row * width;
  }
  if (units > 0) {
    const oneStep = ((<usize>sequences) << 2) * units;
    scratch.hiddenIn = at;
    at += row * units + oneStep;
    scratch.cellIn = at;
    at += row * units + oneStep;
    scratch.hiddenOut = at;
    at += row * units;
    scratch.tanhCell = at;
    at += row * units;
    scratch.gates = at;
    at += 4 * row * units;
    scratch.carriedH = at;
    at += oneStep;
    scratch.carriedC = at;
    at += oneStep;
    widest = max(widest, units);
  }
  const headWidth = <usize>heads(network).outputs;
  scratch.heads = at;
  at += row * headWidth;
  if (!backward) return at;

  scratch.dHeads = at;
  at += row * headWidth;
  scratch.dTop = at;
  at += row * widest;
  scratch.dLower = at;
  at += row * widest;
  scratch.strips = at;
  at += row * max(widest, <usize>matrixAt(network, 0).inputs);
  scratch.panels = at;
  return at + row * max<usize>(4 * units, max<usize>(widest, headWidth));
}
