/** What TypeScript lays out in memory for the kernel: fields of four bytes in this order (see engine/wasm/structs.ts). */

/** One map y = x·W + b. Sizes are padded to multiples of 8; what is padded stays zero. */
@unmanaged
export class Matrix {
  inputs: i32;
  outputs: i32;
  /** Bytes into a parameter vector. */
  kernel: usize;
  bias: usize;
  /** W in panels of eight columns, for y = x·W; and Wᵀ likewise, for dx = dy·Wᵀ. */
  panels: usize;
  transposed: usize;
}

/** A network and where its matrices lie. */
@unmanaged
export class Network {
  hiddenLayers: i32;
  observationSize: i32;
  /** Units of the LSTM, 0 without one; and the same padded. */
  units: i32;
  paddedUnits: i32;
  actions: i32;
  /** Bytes of a parameter vector. */
  parameterBytes: usize;
  weights: usize;
  /** One parameter vector a shard. */
  shardGradients: usize;
  /** Zeros, as many as the widest row. */
  zeros: usize;
  /** Hidden layers, LSTM kernel, recurrent kernel, heads; actor and critic are the columns of one matrix. */
  matrices: usize;
}

/** Arrays come as in `Minibatch`; 0 where there is none. */
@unmanaged
export class Job {
  /** 1: forward and backward; 0: forward alone. */
  backward: i32;
  steps: i32;
  sequences: i32;
  shards: i32;
  observations: usize;
  episodeStarts: usize;
  initialH: usize;
  initialC: usize;
  actions: usize;
  oldLogProbs: usize;
  advantages: usize;
  returns: usize;
  masks: usize;
  actionMasks: usize;
  logits: usize;
  values: usize;
  finalH: usize;
  finalC: usize;
  /** `LossOptions` as doubles, see loss.ts. */
  lossOptions: usize;
  /** Five doubles a shard. */
  shardSums: usize;
  /** Each thread works in a scratch of its own. */
  scratch: usize;
  scratchBytes: usize;
}

/** Where the threads meet; see threads.ts. */
@unmanaged
export class Control {
  generation: i32;
  /** Not yet claimed; below 0 when a thread found none left. */
  shardsLeft: i32;
  shardsDone: i32;
  stopped: i32;
}

/** The network's matrix of this index. */
export function matrixAt(network: Network, index: i32): Matrix {
  return changetype<Matrix>(network.matrices + <usize>index * offsetof<Matrix>());
}

/** The matrix of both heads: the last one. */
export function heads(network: Network): Matrix {
  return matrixAt(network, network.hiddenLayers + (network.units > 0 ? 2 : 0));
}
