/** A shard forward: observations through the hidden layers, the LSTM and the heads. */
import { cellForward } from "./lstm-cell";
import { multiply } from "./multiply";
import { layerOutput, Scratch } from "./scratch";
import { heads, Job, Matrix, matrixAt, Network } from "./structs";

/** `first` is the shard's first sequence of the job. */
export function forward(network: Network, job: Job, scratch: Scratch, first: i32): void {
  gatherObservations(network, job, scratch, first);
  const rows = scratch.rows;
  let input = scratch.observations;
  for (let layer: i32 = 0; layer < network.hiddenLayers; layer++) {
    const matrix = matrixAt(network, layer);
    const output = layerOutput(scratch, layer);
    dense(network, matrix, input, rows, output);
    rectify(output, (<usize>(rows * matrix.outputs)) << 2);
    input = output;
  }
  if (network.units > 0) {
    lstm(network, job, scratch, first, input);
    input = scratch.hiddenOut;
  }
  dense(network, heads(network), input, rows, scratch.heads);
  answer(network, job, scratch, first);
}

/** y = x·W + b */
function dense(network: Network, matrix: Matrix, x: usize, rows: i32, y: usize): void {
  const inBytes = (<usize>matrix.inputs) << 2;
  const outBytes = (<usize>matrix.outputs) << 2;
  multiply(
    x,
    inBytes,
    rows,
    matrix.inputs,
    matrix.panels,
    matrix.outputs,
    network.weights + matrix.bias,
    0,
    y,
    outBytes,
  );
}

function rectify(values: usize, bytes: usize): void {
  const zero = f32x4.splat(0);
  for (const end = values + bytes; values < end; values += 16) v128.store(values, f32x4.max(v128.load(values), zero));
}

/** The input half of all gates is one product over all steps; only the recurrent half must wait for the step before. */
function lstm(network: Network, job: Job, scratch: Scratch, first: i32, input: usize): void {
  const units = network.paddedUnits;
  const recurrent = matrixAt(network, network.hiddenLayers + 1);
  const sequences = scratch.sequences;
  const rowBytes = (<usize>units) << 2;
  const gateBytes = rowBytes << 2;
  const stepBytes = <usize>sequences * rowBytes;
  dense(network, matrixAt(network, network.hiddenLayers), input, scratch.rows, scratch.gates);
  takeState(job.initialH, network, first, sequences, scratch.hiddenIn);
  takeState(job.initialC, network, first, sequences, scratch.cellIn);

  for (let t: i32 = 0; t < job.steps; t++) {
    const hiddenIn = scratch.hiddenIn + <usize>t * stepBytes;
    const cellIn = scratch.cellIn + <usize>t * stepBytes;
    const gates = scratch.gates + ((<usize>t * stepBytes) << 2);
    const starts = job.episodeStarts + <usize>(t * job.sequences + first);
    const remembered = forget(starts, sequences, rowBytes, hiddenIn, cellIn);
    if (remembered)
      multiply(hiddenIn, rowBytes, sequences, units, recurrent.panels, 4 * units, gates, gateBytes, gates, gateBytes);
    for (let b: usize = 0; b < <usize>sequences; b++) {
      const row = <usize>t * stepBytes + b * rowBytes;
      const hidden = scratch.hiddenOut + row;
      cellForward(
        gates + b * gateBytes,
        units,
        scratch.cellIn + row,
        scratch.cellIn + row + stepBytes,
        scratch.tanhCell + row,
        hidden,
      );
      memory.copy(scratch.hiddenIn + row + stepBytes, hidden, rowBytes);
    }
  }
}

/** Zeroes the memory where an episode starts; false when nothing is remembered anywhere. */
function forget(starts: usize, sequences: i32, rowBytes: usize, hidden: usize, cell: usize): bool {
  let remembered = false;
  for (let b: usize = 0; b < <usize>sequences; b++) {
    if (load<u8>(starts + b) === 0) {
      remembered = true;
      continue;
    }
    memory.fill(hidden + b * rowBytes, 0, rowBytes);
    memory.fill(cell + b * rowBytes, 0, rowBytes);
  }
  return remembered;
}

/** From [sequences, units] as given, or zeros, to padded rows. */
function takeState(state: usize, network: Network, first: i32, sequences: i32, to: usize): void {
  const padded = (<usize>network.paddedUnits) << 2;
  const bytes = (<usize>network.units) << 2;
  memory.fill(to, 0, <usize>sequences * padded);
  if (state === 0) return;
  for (let b: usize = 0; b < <usize>sequences; b++)
    memory.copy(to + b * padded, state + (<usize>first + b) * bytes, bytes);
}

function gatherObservations(network: Network, job: Job, scratch: Scratch, first: i32): void {
  const bytes = (<usize>network.observationSize) << 2;
  const padded = (<usize>matrixAt(network, 0).inputs) << 2;
  let to = scratch.observations;
  memory.fill(to, 0, <usize>scratch.rows * padded);
  for (let t: i32 = 0; t < job.steps; t++) {
    let from = job.observations + <usize>(t * job.sequences + first) * bytes;
    for (let b: i32 = 0; b < scratch.sequences; b++) {
      memory.copy(to, from, bytes);
      from += bytes;
      to += padded;
    }
  }
}

/** Logits, values and the memory after the last step, each to its place in the whole batch. */
function answer(network: Network, job: Job, scratch: Scratch, first: i32): void {
  const headBytes = (<usize>heads(network).outputs) << 2;
  const logitBytes = (<usize>network.actions) << 2;
  let from = scratch.heads;
  for (let t: i32 = 0; t < job.steps; t++) {
    for (let b: i32 = 0; b < scratch.sequences; b++) {
      const row = <usize>(t * job.sequences + first + b);
      memory.copy(job.logits + row * logitBytes, from, logitBytes);
      store<f32>(job.values + (row << 2), load<f32>(from + logitBytes));
      from += headBytes;
    }
  }
  if (network.units === 0) return;
  const padded = (<usize>network.paddedUnits) << 2;
  const bytes = (<usize>network.units) << 2;
  const after = <usize>job.steps * <usize>scratch.sequences * padded;
  for (let b: usize = 0; b < <usize>scratch.sequences; b++) {
    const to = (<usize>first + b) * bytes;
    memory.copy(job.finalH + to, scratch.hiddenIn + after + b * padded, bytes);
    memory.copy(job.finalC + to, scratch.cellIn + after + b * padded, bytes);
  }
}
