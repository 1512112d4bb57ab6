/** What is put around an environment: a time limit, the statistics of episodes, normalised observations. */
import type { BaseInfo, Environment, StepResult } from "./contract.ts";
import { box, sizeOf } from "./spaces.ts";

/** Cuts episodes after `steps`: truncated, not terminated. */
export function timeLimit<Info extends BaseInfo, Options>(
  environment: Environment<Info, Options>,
  steps: number,
): Environment<Info, Options> {
  let taken = 0;
  return {
    ...spacesOf(environment),
    reset(options) {
      taken = 0;
      return environment.reset(options);
    },
    step(action) {
      const result = environment.step(action);
      return ++taken >= steps && !result.terminated ? { ...result, truncated: true } : result;
    },
  };
}

/** Null but at an episode's last step. */
export interface EpisodeStatistics {
  readonly episode: { readonly return: number; readonly length: number } | null;
}

/** Adds `info.episode`: the undiscounted return and the length, at the last step. */
export function episodeStatistics<Info extends BaseInfo, Options>(
  environment: Environment<Info, Options>,
): Environment<Info & EpisodeStatistics, Options> {
  let total = 0;
  let length = 0;
  return {
    ...spacesOf(environment),
    reset(options) {
      total = 0;
      length = 0;
      const { observation, info } = environment.reset(options);
      return { observation, info: { ...info, episode: null } };
    },
    step(action): StepResult<Info & EpisodeStatistics> {
      const result = environment.step(action);
      total += result.reward;
      length++;
      const ended = result.terminated || result.truncated;
      return { ...result, info: { ...result.info, episode: ended ? { return: total, length } : null } };
    },
  };
}

/** Mean and variance of each observed value; travels with a checkpoint. */
export interface NormalisationStatistics {
  readonly count: number;
  readonly mean: readonly number[];
  /** Of the population. */
  readonly variance: readonly number[];
}

/** Gathers mean and variance of vectors, one by one (Welford). */
export class RunningStatistics {
  #count: number;
  readonly #mean: Float64Array;
  /** Σ (x − mean)². */
  readonly #squares: Float64Array;

  constructor(size: number, from?: NormalisationStatistics) {
    this.#count = from?.count ?? 0;
    this.#mean = Float64Array.from(from?.mean ?? new Float64Array(size));
    this.#squares = Float64Array.from(from?.variance ?? new Float64Array(size), (v) => v * this.#count);
  }

  add(values: ArrayLike<number>): void {
    this.#count++;
    for (let i = 0; i < this.#mean.length; i++) {
      const delta = values[i]! - this.#mean[i]!;
      this.#mean[i]! += delta / this.#count;
      this.#squares[i]! += delta * (values[i]! - this.#mean[i]!);
    }
  }

  get statistics(): NormalisationStatistics {
    const variance = Array.from(this.#squares, (squares) => (this.#count > 0 ? squares / this.#count : 1));
    return { count: this.#count, mean: [...this.#mean], variance };
  }

  /** (x − mean) ÷ √(variance + ε), clipped to ±`clip`. */
  normalise(values: ArrayLike<number>, clip: number): Float32Array {
    const out = new Float32Array(this.#mean.length);
    for (let i = 0; i < out.length; i++) {
      const variance = this.#count > 0 ? this.#squares[i]! / this.#count : 1;
      const scaled = (values[i]! - this.#mean[i]!) / Math.sqrt(variance + EPSILON);
      out[i] = Math.min(clip, Math.max(-clip, scaled));
    }
    return out;
  }
}

const EPSILON = 1e-8;

export interface NormaliseOptions {
  /** Shared by environments that normalise alike. */
  readonly statistics: RunningStatistics;
  /** Frozen statistics are used and not changed: for evaluation. */
  readonly frozen: boolean;
  /** Default 10. */
  readonly clip?: number;
}

/** Normalises observations. What was observed as it was stays in `info` where the environment puts it. */
export function normaliseObservation<Info extends BaseInfo, Options>(
  environment: Environment<Info, Options>,
  { statistics, frozen, clip = 10 }: NormaliseOptions,
): Environment<Info, Options> {
  const size = sizeOf(environment.observationSpace);
  const see = (observation: Float32Array) => {
    if (!frozen) statistics.add(observation);
    return statistics.normalise(observation, clip);
  };
  return {
    ...spacesOf(environment),
    observationSpace: box(new Float32Array(size).fill(-clip), new Float32Array(size).fill(clip)),
    reset(options) {
      const result = environment.reset(options);
      return { ...result, observation: see(result.observation) };
    },
    step(action) {
      const result = environment.step(action);
      return { ...result, observation: see(result.observation) };
    },
  };
}

type Spaces = Pick<Environment, "id" | "observationSpace" | "actionSpace">;

function spacesOf({ id, observationSpace, actionSpace }: Spaces): Spaces {
  return { id, observationSpace, actionSpace };
}
