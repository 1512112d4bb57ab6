/** Whether a function's load has left what its model was trained on. */
import type { NormalisationStatistics } from "./normalisation.ts";

/** How far the last windows lie from what a model was trained on. */
export interface Drift {
  /** The feature that lies furthest from the training's mean, and how far, in the training's standard deviations. */
  readonly feature: number;
  readonly deviations: number;
  /** Of the last windows' numbers, those more than three deviations from the training's mean. */
  readonly outsideShare: number;
  readonly hasDrifted: boolean;
}

/** Windows that are looked at: enough that one burst is no new load. */
export const DRIFT_WINDOWS = 40;
/** One function sees a part of what training saw, so its mean may well lie a deviation or two off. */
const MAX_DEVIATIONS = 4;
const MAX_OUTSIDE = 0.2;
const FAR = 3;
/** A number that hardly moved in training would call any change a drift. */
const MIN_DEVIATION = 0.05;

/**
 * d = max over features of |mean of the last 40 − μ| ÷ max(σ, 0.05), with μ and σ the statistics that the model normalises by;
 * drifted when d > 4, or when more than a fifth of all numbers lie beyond 3 σ. Null with too few windows or no statistics.
 */
export function driftOf(
  observations: readonly (readonly number[])[],
  statistics: NormalisationStatistics | null,
): Drift | null {
  const last = observations.slice(-DRIFT_WINDOWS);
  if (statistics === null || last.length < DRIFT_WINDOWS) return null;
  const deviation = statistics.variance.map((variance) => Math.max(MIN_DEVIATION, Math.sqrt(variance)));
  let feature = 0;
  let deviations = 0;
  let outside = 0;
  statistics.mean.forEach((mean, i) => {
    let sum = 0;
    for (const observation of last) {
      const away = (observation[i]! - mean) / deviation[i]!;
      sum += away;
      if (Math.abs(away) > FAR) outside++;
    }
    const away = Math.abs(sum / last.length);
    if (away > deviations) {
      feature = i;
      deviations = away;
    }
  });
  const outsideShare = outside / (last.length * statistics.mean.length);
  return {
    feature,
    deviations,
    outsideShare,
    hasDrifted: deviations > MAX_DEVIATIONS || outsideShare > MAX_OUTSIDE,
  };
}
