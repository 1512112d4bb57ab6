/** The start of replicas from steps of the desired count: a log-normal law, and its growth with simultaneous starts. */
import { fitLogNormal, type LogNormalFit } from "./log-normal.ts";
import { medianRelativeError } from "./statistics.ts";

/** One replica of a step. */
export interface StartSample {
  /** How many of the step's replicas were available before it. */
  readonly others: number;
  /** From the scale call to availability. */
  readonly seconds: number;
}

/** The law of a lone start, and its growth with simultaneous ones. */
export interface StartFit extends LogNormalFit {
  /** A start with n others takes (1 + n · this) times as long. */
  readonly slowdownRatio: number;
  /** Median |model's median − measured| ÷ measured over the samples. */
  readonly medianError: number;
}

const MAX_SLOWDOWN = 2;
const STEP = 0.005;

/**
 * Finds the growth for which the starts, each divided by (1 + others · growth), spread least in their logarithm; then fits the law.
 * Without a step of several replicas there is no growth to see, and it stays `otherwise`. Null without samples.
 */
export function fitStarts(samples: readonly StartSample[], otherwise: number): StartFit | null {
  const usable = samples.filter(({ seconds }) => seconds > 0);
  const seesGrowth = new Set(usable.map(({ others }) => others)).size > 1;
  const slowdownRatio = seesGrowth ? steadiest(usable) : otherwise;
  const law = fitLogNormal(normalised(usable, slowdownRatio));
  if (law === null) return null;
  const pairs = usable.map(({ others, seconds }) => ({
    measured: seconds,
    modelled: law.median * (1 + slowdownRatio * others),
  }));
  return { ...law, slowdownRatio, medianError: medianRelativeError(pairs)! };
}

function steadiest(samples: readonly StartSample[]): number {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i * STEP <= MAX_SLOWDOWN; i++) {
    const logs = normalised(samples, i * STEP).map(Math.log);
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const spread = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
    if (spread < least - 1e-12) {
      least = spread;
      best = i * STEP;
    }
  }
  return best;
}

function normalised(samples: readonly StartSample[], slowdownRatio: number): number[] {
  return samples.map(({ others, seconds }) => seconds / (1 + slowdownRatio * others));
}
