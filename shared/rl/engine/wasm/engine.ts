/** The default engine: our own WebAssembly kernel with 128-bit vectors, on as many threads as it is given. */
import type { StartThread, Thread } from "#shared/core/threads.ts";
import { checkAdam, checkMinibatch, checkOptimiser, checkSequences, checkWeights } from "../check.ts";
import { DivergedError } from "../diverged.ts";
import { checkSpec, type NetworkSpec, type Weights } from "../network.ts";
import { normaliseAdvantages, rowsThatCount } from "../normalise.ts";
import { oneStep } from "../one-step.ts";
import { reportOf } from "../ppo-loss.ts";
import type {
  AdamOptions,
  Engine,
  ForwardResult,
  LossOptions,
  LossReport,
  LstmState,
  Minibatch,
  OptimiserState,
  Sequences,
} from "../types.ts";
import { HELPER_SOURCE, instantiate, type Kernel } from "./kernel.ts";
import { KernelMemory, refuseToWrap } from "./memory.ts";
import { collect, planParameters, scatter, type ParameterPlan } from "./parameters.ts";
import * as structs from "./structs.ts";

/**
 * A minibatch is cut into this many shards, whose gradients are added in a fixed order: the result does not depend on how
 * many threads there are, or who computed what. Part of the engine's arithmetic: another number gives other last bits.
 */
const SHARDS = 4;
/** A shard is whole fours of sequences, the rows of the kernel's tile; as in kernel/assembly/threads.ts. */
const SEQUENCES_PER_BLOCK = 4;
/** Waking a helper costs about as much as this many steps of one sequence. */
const ROWS_WORTH_WAKING = 64;

/** Threads that help with large batches. */
export interface Helpers {
  /** Threads besides the calling one; more than 3 find nothing to do. */
  readonly count: number;
  readonly startThread: StartThread;
}

/**
 * `kernel` is the compiled kernel (`embeddedKernel()` in a bundle). Without helpers everything happens in the calling
 * thread; with them that thread must be allowed to block, which in a browser means: must itself be a worker.
 */
export function createWasmEngine(kernel: Uint8Array, spec: NetworkSpec, weights: Weights, helpers?: Helpers): Engine {
  return new WasmEngine(kernel, spec, weights, helpers);
}

class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly #plan: ParameterPlan;
  readonly #memory = new KernelMemory();
  readonly #kernel: Kernel;
  readonly #at: Addresses;
  readonly #threads: readonly Thread[];
  /** One record for all calls: a step of one function takes microseconds, and garbage would be most of them. */
  readonly #job = emptyJob();
  #adamSteps = 0;
  /** Whether a gradient has gathered, and whether the packed Wᵀ is that of the weights. */
  #gathered = false;
  #transposedFresh = false;
  #closed = false;

  constructor(
    bytes: Uint8Array,
    readonly spec: NetworkSpec,
    weights: Weights,
    helpers: Helpers | undefined,
  ) {
    checkSpec(spec);
    this.#plan = planParameters(spec);
    const module = new WebAssembly.Module(bytes);
    this.#kernel = instantiate(module, this.#memory.memory);
    this.#memory.skipTo(this.#kernel.heapBase());
    this.#at = layOutNetwork(this.#memory, spec, this.#plan);
    this.#memory.keep();
    this.#job.lossOptions = this.#at.lossOptions;
    this.#job.shardSums = this.#at.shardSums;
    this.setWeights(weights);
    const { network, job, control } = this.#at;
    this.#threads = Array.from({ length: Math.min(helpers?.count ?? 0, SHARDS - 1) }, (_, i) =>
      helpers!.startThread(HELPER_SOURCE, {
        module,
        memory: this.#memory.memory,
        network,
        job,
        control,
        thread: i + 1,
      }),
    );
  }

  step(observations: Float32Array, state: LstmState | null, episodeStarts?: Uint8Array): ForwardResult {
    return this.forwardSequence(oneStep(this.spec, observations, state, episodeStarts));
  }

  forwardSequence(sequences: Sequences): ForwardResult {
    checkSequences(this.spec, sequences);
    this.#memory.resetWorkspace();
    this.#putSequences(sequences);
    this.#job.backward = 0;
    this.#run(sequences.steps * sequences.sequences);
    return this.#takeForward(sequences.steps * sequences.sequences, sequences.sequences);
  }

  forwardBackward(minibatch: Minibatch, options: LossOptions): LossReport {
    checkMinibatch(this.spec, minibatch, options);
    if (!this.#transposedFresh) this.#kernel.pack(this.#at.network, this.#plan.matrices.length, 1);
    this.#transposedFresh = true;

    const rows = rowsThatCount(minibatch.steps * minibatch.sequences, minibatch.masks);
    this.#memory.resetWorkspace();
    this.#putSequences(minibatch);
    this.#putLoss(minibatch, options, rows);
    this.#job.backward = 1;
    this.#run(minibatch.steps * minibatch.sequences);

    const { shardGradients, gradient } = this.#at;
    const bytes = 4 * this.#plan.floats;
    this.#kernel.gatherShards(shardGradients, this.#job.shards, bytes, this.#gathered ? 1 : 0, gradient);
    this.#gathered = true;
    return this.#report(rows, options);
  }

  adam(options: AdamOptions): { readonly gradientNorm: number } {
    checkAdam(options);
    this.#mustBeOpen();
    if (!this.#gathered) throw new Error("adam needs a gradient: call forwardBackward first");
    this.#gathered = false;
    const { weights, gradient, firstMoments, secondMoments, network } = this.#at;
    const bytes = 4 * this.#plan.floats;
    const gradientNorm = Math.sqrt(this.#kernel.sumOfSquares(gradient, bytes));
    if (!Number.isFinite(gradientNorm)) throw new DivergedError(gradientNorm);

    const { learningRate, maxGradNorm, beta1, beta2, epsilon } = options;
    const scale = maxGradNorm !== null && gradientNorm > maxGradNorm ? maxGradNorm / (gradientNorm + 1e-6) : 1;
    const step = ++this.#adamSteps;
    const stepSize = learningRate / (1 - beta1 ** step);
    const rootCorrection = Math.sqrt(1 - beta2 ** step);
    // prettier-ignore
    this.#kernel.adam(
      weights, gradient, firstMoments, secondMoments, bytes,
      scale, stepSize, rootCorrection, epsilon, beta1, beta2, 1 - beta1, 1 - beta2,
    );
    this.#kernel.pack(network, this.#plan.matrices.length, 0);
    this.#transposedFresh = false;
    return { gradientNorm };
  }

  getGradients(): Weights {
    const vector = this.#vector(this.#at.gradient);
    return collect(this.#plan, this.spec, this.#gathered ? vector : new Float32Array(vector.length));
  }

  getWeights(): Weights {
    return collect(this.#plan, this.spec, this.#vector(this.#at.weights));
  }

  setWeights(weights: Weights): void {
    checkWeights(this.spec, weights);
    scatter(this.#plan, weights, this.#vector(this.#at.weights));
    this.#kernel.pack(this.#at.network, this.#plan.matrices.length, 0);
    this.#transposedFresh = false;
    this.#gathered = false;
  }

  getOptimiser(): OptimiserState {
    return {
      step: this.#adamSteps,
      firstMoments: collect(this.#plan, this.spec, this.#vector(this.#at.firstMoments)),
      secondMoments: collect(this.#plan, this.spec, this.#vector(this.#at.secondMoments)),
    };
  }

  setOptimiser(state: OptimiserState): void {
    checkOptimiser(this.spec, state);
    this.#adamSteps = state.step;
    scatter(this.#plan, state.firstMoments, this.#vector(this.#at.firstMoments));
    scatter(this.#plan, state.secondMoments, this.#vector(this.#at.secondMoments));
  }

  heldBytes(): number {
    return this.#memory.bytes.length;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#kernel.stop(this.#at.control);
    this.#threads.forEach((thread) => thread.stop());
  }

  #vector(address: number): Float32Array {
    return this.#memory.viewFloats(address, this.#plan.floats);
  }

  #putSequences({ steps, sequences, observations, episodeStarts, initialState }: Sequences): void {
    const memory = this.#memory;
    const job = this.#job;
    job.steps = steps;
    job.sequences = sequences;
    job.shards = Math.min(SHARDS, Math.ceil(sequences / SEQUENCES_PER_BLOCK));
    job.observations = memory.putFloats(observations);
    job.episodeStarts = memory.putBytes(episodeStarts);
    job.initialH = initialState === null ? 0 : memory.putFloats(initialState.h);
    job.initialC = initialState === null ? 0 : memory.putFloats(initialState.c);
  }

  #putLoss(minibatch: Minibatch, options: LossOptions, rowsThatCount: number): void {
    const memory = this.#memory;
    const job = this.#job;
    const { advantages, masks, actionMasks } = minibatch;
    const { clipRange, valueCoefficient, entropyCoefficient, normaliseAdvantages: normalise } = options;
    job.actions = memory.putInts(minibatch.actions);
    job.oldLogProbs = memory.putFloats(minibatch.oldLogProbs);
    job.advantages = memory.putFloats(normalise ? normaliseAdvantages(advantages, masks) : advantages);
    job.returns = memory.putFloats(minibatch.returns);
    job.masks = masks === null ? 0 : memory.putBytes(masks);
    job.actionMasks = actionMasks === null ? 0 : memory.putBytes(actionMasks);
    memory.doubles.set([clipRange, valueCoefficient, entropyCoefficient, 1 / rowsThatCount], job.lossOptions >> 3);
  }

  /** Lays out what comes out and the threads' scratches behind the inputs, and has the kernel do the job. */
  #run(rows: number): void {
    this.#mustBeOpen();
    const memory = this.#memory;
    const job = this.#job;
    const { network, control, header, job: address } = this.#at;
    const stateFloats = job.sequences * (this.spec.lstm ?? 0);
    job.logits = memory.take(4 * rows * this.spec.actions);
    job.values = memory.take(4 * rows);
    job.finalH = memory.take(8 * stateFloats);
    job.finalC = job.finalH + 4 * stateFloats;
    structs.writeStruct(memory.words, address, structs.JOB, job);
    refuseToWrap((rows / job.shards) * this.#plan.mostBytesPerRow);
    job.scratchBytes = this.#kernel.scratchBytes(network, address, header) >>> 0;
    job.scratch = memory.take(job.scratchBytes * (1 + this.#threads.length));
    structs.writeStruct(memory.words, address, structs.JOB, job);

    const helpers = rows < ROWS_WORTH_WAKING ? 0 : Math.min(this.#threads.length, job.shards - 1);
    if (this.#kernel.run(network, address, control, helpers) === 0) {
      this.close();
      throw new Error("a helper thread of the wasm engine did not finish its shard in time: the engine is closed");
    }
  }

  #takeForward(rows: number, sequences: number): ForwardResult {
    const { logits, values, finalH } = this.#job;
    const memory = this.#memory;
    const count = sequences * (this.spec.lstm ?? 0);
    const both = memory.copyFloats(finalH, 2 * count);
    return {
      logits: memory.copyFloats(logits, rows * this.spec.actions),
      values: memory.copyFloats(values, rows),
      state: this.spec.lstm === null ? null : { h: both.subarray(0, count), c: both.subarray(count) },
    };
  }

  #report(rows: number, options: LossOptions): LossReport {
    const sums = { policy: 0, value: 0, entropy: 0, kl: 0, clipped: 0 };
    let at = this.#job.shardSums >> 3;
    for (let shard = 0; shard < this.#job.shards; shard++)
      for (const term of structs.LOSS_SUMS) sums[term] += this.#memory.doubles[at++]!;
    return reportOf(sums, rows, options);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error("the wasm engine is closed");
  }
}

type Job = Record<(typeof structs.JOB)[number], number>;

const emptyJob = () => Object.fromEntries(structs.JOB.map((field) => [field, 0])) as Job;

type Addresses = ReturnType<typeof layOutNetwork>;

/** Takes what lives as long as the engine. Fresh memory is zero, and so are moments and padding. */
function layOutNetwork(memory: KernelMemory, spec: NetworkSpec, { matrices, floats, paddedUnits }: ParameterPlan) {
  const parameterBytes = 4 * floats;
  const at = {
    network: memory.take(structs.bytesOf(structs.NETWORK)),
    matrices: memory.take(matrices.length * structs.bytesOf(structs.MATRIX)),
    job: memory.take(structs.bytesOf(structs.JOB)),
    control: memory.take(structs.CONTROL_BYTES),
    header: memory.take(structs.SCRATCH_HEADER_BYTES),
    lossOptions: memory.take(8 * structs.LOSS_OPTIONS),
    shardSums: memory.take(8 * structs.LOSS_SUMS.length * SHARDS),
    zeros: memory.take(4 * Math.max(...matrices.map(({ inputs, outputs }) => Math.max(inputs, outputs)))),
    weights: memory.take(parameterBytes),
    gradient: memory.take(parameterBytes),
    firstMoments: memory.take(parameterBytes),
    secondMoments: memory.take(parameterBytes),
    shardGradients: memory.take(parameterBytes * SHARDS),
  };
  matrices.forEach(({ inputs, outputs, kernelAt, biasAt }, i) =>
    structs.writeStruct(memory.words, at.matrices + i * structs.bytesOf(structs.MATRIX), structs.MATRIX, {
      inputs,
      outputs,
      kernel: 4 * kernelAt,
      bias: 4 * biasAt,
      panels: memory.take(4 * inputs * outputs),
      transposed: memory.take(4 * inputs * outputs),
    }),
  );
  structs.writeStruct(memory.words, at.network, structs.NETWORK, {
    hiddenLayers: spec.hidden.length,
    observationSize: spec.observationSize,
    units: spec.lstm ?? 0,
    paddedUnits,
    actions: spec.actions,
    parameterBytes,
    weights: at.weights,
    shardGradients: at.shardGradients,
    zeros: at.zeros,
    matrices: at.matrices,
  });
  return at;
}
