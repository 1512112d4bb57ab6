/** Laws that traffic follows and `Random` does not have. */
import type { Random } from "../../core/random.ts";

/** Evenly between `low` and `high`. */
export function uniform(random: Random, low: number, high: number): number {
  return low + (high - low) * random.next();
}

/** Between `low` and `high`, evenly on the logarithmic scale. */
export function logUniform(random: Random, low: number, high: number): number {
  return low * (high / low) ** random.next();
}

/** At least `least`, with a tail of exponent `alpha`, cut at `most`. */
export function pareto(random: Random, alpha: number, least: number, most: number): number {
  return Math.min(most, least * (1 - random.next()) ** (-1 / alpha));
}

/** Whole number of at least 1 with the given mean. */
export function geometric(random: Random, mean: number): number {
  if (mean <= 1) return 1;
  return 1 + Math.floor(Math.log(1 - random.next()) / Math.log(1 - 1 / mean));
}

/** Gamma of the given shape and scale 1 (Marsaglia and Tsang 2000; below shape 1 by their power rule). */
export function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Count with the given mean and index of dispersion (variance ÷ mean): negative binomial, Poisson at 1 and below. */
export function overdispersed(random: Random, mean: number, dispersion: number): number {
  if (mean <= 0) return 0;
  if (dispersion <= 1) return random.poisson(mean);
  return random.poisson(gamma(random, mean / (dispersion - 1)) * (dispersion - 1));
}
