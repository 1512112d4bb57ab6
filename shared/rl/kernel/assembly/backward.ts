/** A shard backward: the loss's gradient from the heads down to the first kernel, through time in between. */
import { columnSums, gradientProduct } from "./gradient-product";
import { lossOfRow, LossOptions, LossSums } from "./loss";
import { cellBackward } from "./lstm-cell";
import { multiply } from "./multiply";
import { packPanels, packStrips } from "./pack";
import { layerOutput, Scratch } from "./scratch";
import { heads, Job, Matrix, matrixAt, Network } from "./structs";

/** Fills `gradient`, a parameter vector, after `forward` of the same shard. */
export function backward(network: Network, job: Job, scratch: Scratch, first: i32, shard: i32, gradient: usize): void {
  lossGradient(network, job, scratch, first, shard);
  const top = heads(network);
  const lastLayer = network.hiddenLayers - 1;
  const rows = scratch.rows;
  const headInput = network.units > 0 ? scratch.hiddenOut : layerOutput(scratch, lastLayer);
  denseGradient(scratch, top, headInput, scratch.dHeads, gradient);
  inputGradient(network, top, scratch.dHeads, rows, scratch.dTop);

  let dOutput = scratch.dTop;
  let dInput = scratch.dLower;
  if (network.units > 0) {
    throughTime(network, job, scratch, first);
    const kernel = matrixAt(network, network.hiddenLayers);
    denseGradient(scratch, kernel, layerOutput(scratch, lastLayer), scratch.gates, gradient);
    recurrentGradient(scratch, matrixAt(network, network.hiddenLayers + 1), gradient);
    inputGradient(network, kernel, scratch.gates, rows, dOutput);
  }
  for (let layer = lastLayer; layer >= 0; layer--) {
    const matrix = matrixAt(network, layer);
    const output = layerOutput(scratch, layer);
    unrectify(dOutput, output, (<usize>(rows * matrix.outputs)) << 2);
    denseGradient(scratch, matrix, layerOutput(scratch, layer - 1), dOutput, gradient);
    if (layer === 0) break;
    inputGradient(network, matrix, dOutput, rows, dInput);
    const free = dOutput;
    dOutput = dInput;
    dInput = free;
  }
}

/** Loss and d loss ÷ d heads, row by row; rows that do not count get zeros. */
function lossGradient(network: Network, job: Job, scratch: Scratch, first: i32, shard: i32): void {
  const headBytes = (<usize>heads(network).outputs) << 2;
  const options = changetype<LossOptions>(job.lossOptions);
  const at = job.shardSums + <usize>shard * offsetof<LossSums>();
  memory.fill(at, 0, offsetof<LossSums>());
  memory.fill(scratch.dHeads, 0, <usize>scratch.rows * headBytes);
  let local: usize = 0;
  for (let t: i32 = 0; t < job.steps; t++) {
    for (let b: i32 = 0; b < scratch.sequences; b++) {
      const row = <usize>(t * job.sequences + first + b);
      const here = local;
      local += headBytes;
      if (job.masks !== 0 && load<u8>(job.masks + row) === 0) continue;
      const word = row << 2;
      lossOfRow(
        scratch.heads + here,
        network.actions,
        load<i32>(job.actions + word),
        job.actionMasks === 0 ? 0 : job.actionMasks + row * <usize>network.actions,
        load<f32>(job.oldLogProbs + word),
        load<f32>(job.advantages + word),
        load<f32>(job.returns + word),
        options,
        changetype<LossSums>(at),
        scratch.dHeads + here,
      );
    }
  }
}

/** Gates become dz, from the last step to the first; what a start forgot gets nothing back. */
function throughTime(network: Network, job: Job, scratch: Scratch, first: i32): void {
  const units = network.paddedUnits;
  const recurrent = matrixAt(network, network.hiddenLayers + 1);
  const sequences = scratch.sequences;
  const rowBytes = (<usize>units) << 2;
  const gateBytes = rowBytes << 2;
  const stepBytes = <usize>sequences * rowBytes;
  memory.fill(scratch.carriedH, 0, stepBytes);
  memory.fill(scratch.carriedC, 0, stepBytes);
  for (let t = job.steps - 1; t >= 0; t--) {
    const step = <usize>t * stepBytes;
    const gates = scratch.gates + (step << 2);
    for (let b: usize = 0; b < <usize>sequences; b++) {
      const one = b * rowBytes;
      const row = step + one;
      cellBackward(
        gates + b * gateBytes,
        units,
        scratch.cellIn + row,
        scratch.tanhCell + row,
        scratch.dTop + row,
        scratch.carriedH + one,
        scratch.carriedC + one,
      );
    }
    if (t === 0) break;
    const starts = job.episodeStarts + <usize>(t * job.sequences + first);
    if (anyRemembers(starts, sequences))
      multiply(
        gates,
        gateBytes,
        sequences,
        4 * units,
        recurrent.transposed,
        units,
        network.zeros,
        0,
        scratch.carriedH,
        rowBytes,
      );
    for (let b: usize = 0; b < <usize>sequences; b++) {
      if (load<u8>(starts + b) === 0) continue;
      memory.fill(scratch.carriedH + b * rowBytes, 0, rowBytes);
      memory.fill(scratch.carriedC + b * rowBytes, 0, rowBytes);
    }
  }
}

function anyRemembers(starts: usize, sequences: i32): bool {
  for (let b: usize = 0; b < <usize>sequences; b++) if (load<u8>(starts + b) === 0) return true;
  return false;
}

/** dW = xᵀ·dy, db = Σ dy; leaves dy's panels in the scratch. */
function denseGradient(scratch: Scratch, matrix: Matrix, x: usize, dy: usize, gradient: usize): void {
  packStrips(x, scratch.rows, matrix.inputs, scratch.strips);
  packPanels(dy, scratch.rows, matrix.outputs, scratch.panels);
  gradientProduct(
    scratch.strips,
    matrix.inputs,
    scratch.panels,
    matrix.outputs,
    scratch.rows,
    gradient + matrix.kernel,
  );
  columnSums(scratch.panels, matrix.outputs, scratch.rows, gradient + matrix.bias);
}

/** As the LSTM kernel's, whose panels of dz are still there; the bias is the kernel's. */
function recurrentGradient(scratch: Scratch, matrix: Matrix, gradient: usize): void {
  packStrips(scratch.hiddenIn, scratch.rows, matrix.inputs, scratch.strips);
  gradientProduct(
    scratch.strips,
    matrix.inputs,
    scratch.panels,
    matrix.outputs,
    scratch.rows,
    gradient + matrix.kernel,
  );
}

/** dx = dy·Wᵀ */
function inputGradient(network: Network, matrix: Matrix, dy: usize, rows: i32, dx: usize): void {
  const outBytes = (<usize>matrix.outputs) << 2;
  const inBytes = (<usize>matrix.inputs) << 2;
  multiply(dy, outBytes, rows, matrix.outputs, matrix.transposed, matrix.inputs, network.zeros, 0, dx, inBytes);
}

/** The gradient passes where the ReLU did. */
function unrectify(gradient: usize, output: usize, bytes: usize): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const passed = f32x4.gt(v128.load(output + at), zero);
    v128.store(gradient + at, v128.and(v128.load(gradient + at), passed));
  }
}
