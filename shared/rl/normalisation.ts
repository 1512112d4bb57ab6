/** Mean and variance of what was observed: gathered in parts, joined in a fixed order, frozen for evaluation. */

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

  /** Takes one observation. */
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

/** Normalised observations beyond this are cut; as Stable-Baselines3's VecNormalize. */
export const NORMALISED_CLIP = 10;

/** Normalises one observation into a new array. */
export type Normaliser = (observation: ArrayLike<number>) => Float32Array;

/** Null statistics leave observations as they are. */
export function normaliserOf(statistics: NormalisationStatistics | null): Normaliser {
  if (statistics === null) return (observation) => Float32Array.from(observation);
  const frozen = new RunningStatistics(statistics.mean.length, statistics);
  return (observation) => frozen.normalise(observation, NORMALISED_CLIP);
}

/** Statistics of no observations: mean 0 and variance 1 for each of `size` features. */
export function noStatistics(size: number): NormalisationStatistics {
  return { count: 0, mean: new Array<number>(size).fill(0), variance: new Array<number>(size).fill(1) };
}

/** Statistics of both samples together (Chan, Golub & LeVeque 1979, eq. 2.1). */
export function joinedStatistics(a: NormalisationStatistics, b: NormalisationStatistics): NormalisationStatistics {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const mean = a.mean.map((mine, i) => mine + ((b.mean[i]! - mine) * b.count) / count);
  const variance = a.variance.map((mine, i) => {
    const between = (b.mean[i]! - a.mean[i]!) ** 2 * ((a.count * b.count) / count);
    return (mine * a.count + b.variance[i]! * b.count + between) / count;
  });
  return { count, mean, variance };
}
