/** Mean and variance of what was observed: gathered in parts, joined in a fixed order, frozen for evaluation. */
import { RunningStatistics, type NormalisationStatistics } from "../task/environment.ts";

/** Normalised observations beyond this are cut; as Stable-Baselines3's VecNormalize. */
export const NORMALISED_CLIP = 10;

export type Normaliser = (observation: ArrayLike<number>) => Float32Array;

/** Null statistics leave observations as they are. */
export function normaliserOf(statistics: NormalisationStatistics | null): Normaliser {
  if (statistics === null) return (observation) => Float32Array.from(observation);
  const frozen = new RunningStatistics(statistics.mean.length, statistics);
  return (observation) => frozen.normalise(observation, NORMALISED_CLIP);
}

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
