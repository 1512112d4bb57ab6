/** What moves a rate: the day, drift, bursts, lasting shifts, spells on and off. Each is asked once for each bin, in order. */
import type { Random } from "../../core/random.ts";
import { geometric, logUniform, uniform } from "./draws.ts";

const DAY_SECONDS = 86_400;

/** 1 + A₁ cos(24 h) + A₂ cos(12 h), at least .05; weekends weaker. Starts at a random time of the week. `depth` bounds A₁. */
export function dayShape(
  random: Random,
  binSeconds: number,
  depth: readonly [least: number, most: number] = [0, 0.8],
): (bin: number) => number {
  const binsPerDay = DAY_SECONDS / binSeconds;
  const first = uniform(random, ...depth);
  const second = uniform(random, 0, 0.3);
  const phases = [random.next(), random.next()] as const;
  const weekend = uniform(random, 0.5, 1);
  const start = random.next() * 7 * binsPerDay;
  return (bin) => {
    const days = (start + bin) / binsPerDay;
    const daily = first * Math.cos(2 * Math.PI * (days + phases[0]));
    const halfDaily = second * Math.cos(4 * Math.PI * (days + phases[1]));
    const isWeekend = ((days % 7) + 7) % 7 >= 5;
    return Math.max(0.05, 1 + daily + halfDaily) * (isWeekend ? weekend : 1);
  };
}

/** exp of an AR(1) of mean 1: correlation time 1–10 min, standard deviation .1–.5 unless given otherwise. */
export function drifting(
  random: Random,
  binSeconds: number,
  deviation: readonly [least: number, most: number] = [0.1, 0.5],
): () => number {
  const memory = Math.exp(-1 / ((60 / binSeconds) * uniform(random, 1, 10)));
  const sigma = uniform(random, ...deviation);
  const fresh = Math.sqrt(1 - memory * memory) * sigma;
  let x = sigma * random.normal();
  return () => {
    x = memory * x + fresh * random.normal();
    return Math.exp(x - (sigma * sigma) / 2);
  };
}

/** One lasting shift in ten days. */
export function shifting(random: Random, binSeconds: number): () => number {
  let level = 1;
  return () => {
    if (random.next() < (0.1 * binSeconds) / DAY_SECONDS) level *= logUniform(random, 0.3, 3);
    return level;
  };
}

/** Spells of 1–5 min on, and off so long that it is on for `share` of the time. */
export function switching(random: Random, binSeconds: number, share: number): () => number {
  if (share >= 1) return () => 1;
  const onBins = (60 / binSeconds) * uniform(random, 1, 5);
  const offBins = (onBins * (1 - share)) / share;
  let isOn = random.next() < share;
  let left = geometric(random, isOn ? onBins : offBins);
  return () => {
    if (left-- <= 0) {
      isOn = !isOn;
      left = geometric(random, isOn ? onBins : offBins) - 1;
    }
    return isOn ? 1 : 0;
  };
}
