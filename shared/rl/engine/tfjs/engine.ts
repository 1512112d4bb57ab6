/** The same contract on TensorFlow.js: slower, and a second opinion. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { checkAdam, checkMinibatch, checkOptimiser, checkSequences, checkWeights } from "../check.ts";
import { DivergedError } from "../diverged.ts";
import { checkSpec, sizeOf, weightShapes, type NetworkSpec, type Weights } from "../network.ts";
import { oneStep } from "../one-step.ts";
import { ppoLoss } from "../ppo-loss.ts";
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
import { backward } from "./backward.ts";
import { forward, weightsByName } from "./forward.ts";
import { loadTensorflow, type Tensorflow } from "./tensorflow.ts";

/** `native`: the path of `@tensorflow/tfjs-node` when it is not where packages are found; then it must be there. */
export async function createTfjsEngine(spec: NetworkSpec, weights: Weights, native?: string): Promise<Engine> {
  return new TfjsEngine(await loadTensorflow(native), spec, weights);
}

/** Owns its weights, moments and gradient as tensors; everything else lives inside one `tidy` a call. */
class TfjsEngine implements Engine {
  readonly name: string;
  readonly #tf: Tensorflow;
  #weights: readonly Tensor[] = [];
  #gradient: readonly Tensor[] = [];
  #firstMoments: readonly Tensor[];
  #secondMoments: readonly Tensor[];
  #adamSteps = 0;
  #closed = false;

  constructor(
    tf: Tensorflow,
    readonly spec: NetworkSpec,
    weights: Weights,
  ) {
    checkSpec(spec);
    this.#tf = tf;
    this.name = `tfjs (${tf.getBackend()})`;
    this.setWeights(weights);
    this.#firstMoments = this.#hold(this.#zeros());
    this.#secondMoments = this.#hold(this.#zeros());
  }

  step(observations: Float32Array, state: LstmState | null, episodeStarts?: Uint8Array): ForwardResult {
    return this.forwardSequence(oneStep(this.spec, observations, state, episodeStarts));
  }

  forwardSequence(sequences: Sequences): ForwardResult {
    checkSequences(this.spec, sequences);
    return this.#tidy((tf) => {
      const { logits, values, steps } = forward(tf, this.spec, weightsByName(this.spec, this.#weights), sequences);
      const last = steps.at(-1);
      return {
        logits: numbersOf(logits),
        values: numbersOf(values),
        state: last === undefined ? null : { h: numbersOf(last.h), c: numbersOf(last.c) },
      };
    });
  }

  forwardBackward(minibatch: Minibatch, options: LossOptions): LossReport {
    checkMinibatch(this.spec, minibatch, options);
    const gathered = this.#gradient;
    return this.#tidy((tf) => {
      const weight = weightsByName(this.spec, this.#weights);
      const pass = forward(tf, this.spec, weight, minibatch);
      const loss = ppoLoss(this.spec, numbersOf(pass.logits), numbersOf(pass.values), minibatch, options);
      const dLogits = tf.tensor2d(loss.dLogits, pass.logits.shape);
      const dValues = tf.tensor2d(loss.dValues, pass.values.shape);
      const gradient = backward(tf, this.spec, weight, pass, dLogits, dValues);
      this.#gradient = gradient.map((grad, i) => tf.keep(gathered.length === 0 ? grad : tf.add(gathered[i]!, grad)));
      tf.dispose([...gathered]);
      return loss.report;
    });
  }

  adam(options: AdamOptions): { readonly gradientNorm: number } {
    checkAdam(options);
    const gradient = this.#gradient;
    if (gradient.length === 0) throw new Error("adam needs a gradient: call forwardBackward first");
    this.#gradient = [];
    return this.#tidy((tf) => {
      const squares = gradient.map((grad) => numbersOf(tf.sum(tf.square(grad)))[0]!);
      const gradientNorm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      if (Number.isFinite(gradientNorm)) this.#takeStep(tf, gradient, gradientNorm, options);
      tf.dispose([...gradient]);
      if (!Number.isFinite(gradientNorm)) throw new DivergedError(gradientNorm);
      return { gradientNorm };
    });
  }

  /** m = β₁ m + (1 − β₁) g;  v = β₂ v + (1 − β₂) g²;  w −= α m̂ / (√v̂ + ε)        (Kingma & Ba 2015, algorithm 1) */
  #takeStep(tf: Tensorflow, gradient: readonly Tensor[], norm: number, options: AdamOptions): void {
    const { learningRate, maxGradNorm, beta1, beta2, epsilon } = options;
    const scale = maxGradNorm !== null && norm > maxGradNorm ? maxGradNorm / (norm + 1e-6) : 1;
    const step = ++this.#adamSteps;
    const stepSize = learningRate / (1 - beta1 ** step);
    const rootCorrection = Math.sqrt(1 - beta2 ** step);
    const scaled = gradient.map((grad) => tf.mul(grad, scale));
    const m = this.#firstMoments.map((old, i) => tf.add(tf.mul(old, beta1), tf.mul(scaled[i]!, 1 - beta1)));
    const v = this.#secondMoments.map((old, i) => tf.add(tf.mul(old, beta2), tf.mul(tf.square(scaled[i]!), 1 - beta2)));
    const weights = this.#weights.map((old, i) => {
      const root = tf.add(tf.div(tf.sqrt(v[i]!), rootCorrection), epsilon);
      return tf.sub(old, tf.div(tf.mul(m[i]!, stepSize), root));
    });
    tf.dispose([...this.#weights, ...this.#firstMoments, ...this.#secondMoments]);
    [this.#weights, this.#firstMoments, this.#secondMoments] = [weights, m, v].map((each) =>
      each.map((x) => tf.keep(x)),
    ) as [Tensor[], Tensor[], Tensor[]];
  }

  getGradients(): Weights {
    return this.#gradient.length === 0 ? this.#zeros() : this.#gradient.map(numbersOf);
  }

  getWeights(): Weights {
    return this.#weights.map(numbersOf);
  }

  setWeights(weights: Weights): void {
    checkWeights(this.spec, weights);
    this.#tf.dispose([...this.#weights, ...this.#gradient]);
    this.#gradient = [];
    this.#weights = this.#hold(weights);
  }

  getOptimiser(): OptimiserState {
    const firstMoments = this.#firstMoments.map(numbersOf);
    return { step: this.#adamSteps, firstMoments, secondMoments: this.#secondMoments.map(numbersOf) };
  }

  setOptimiser(state: OptimiserState): void {
    checkOptimiser(this.spec, state);
    this.#tf.dispose([...this.#firstMoments, ...this.#secondMoments]);
    this.#adamSteps = state.step;
    this.#firstMoments = this.#hold(state.firstMoments);
    this.#secondMoments = this.#hold(state.secondMoments);
  }

  /** Of all tfjs engines of this process, which share the library's memory. */
  heldBytes(): number {
    return this.#tf.memory().numBytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tf.dispose([...this.#weights, ...this.#gradient, ...this.#firstMoments, ...this.#secondMoments]);
  }

  #hold(weights: Weights): readonly Tensor[] {
    // A copy: the plain backend keeps the very array it is given.
    return weightShapes(this.spec).map(({ shape }, i) => this.#tf.tensor(weights[i]!.slice(), [...shape]));
  }

  #zeros(): Weights {
    return weightShapes(this.spec).map((shape) => new Float32Array(sizeOf(shape)));
  }

  /** Runs one call; tensors left in it are freed, also when it throws. */
  #tidy<T>(call: (tf: Tensorflow) => T): T {
    if (this.#closed) throw new Error("the tfjs engine is closed");
    const tf = this.#tf;
    tf.engine().startScope();
    try {
      return call(tf);
    } finally {
      tf.engine().endScope();
    }
  }
}

/** A copy, for the same reason as in `#hold`. */
function numbersOf(tensor: Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}
