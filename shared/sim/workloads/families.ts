/**
 * Families of load, each with a shape that is drawn for each load: what a day, a season, a rise, a crowd, spikes or spells of silence do
 * to the rate of one service. Two loads of a family are as different as two services are.
 */
import { BadInputError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { BinnedTrace } from "../../traces/trace.ts";
import { logUniform, overdispersed, pareto, uniform } from "./draws.ts";
import { dayShape, drifting, shifting, switching } from "./modulators.ts";

/** The shapes that a load's rate may have. */
export const FAMILIES = ["steady", "diurnal", "seasonal", "ramp", "flash", "spike", "intermittent", "llm"] as const;
/**
 * `steady`: a level that hardly drifts; `diurnal`: a day's swing; `seasonal`: cycles of minutes to an hour and a half; `ramp`: a
 * long rise or fall; `flash`: crowds that come within a minute or so and fade; `spike`: bursts of seconds, at odd times or by
 * the clock; `intermittent`: spells of minutes, and silence between; `llm`: near-Poisson requests on a wandering rate, heavy
 * work.
 */
export type Family = (typeof FAMILIES)[number];

/** What a load of a family is drawn with. */
export interface FamilyOptions {
  readonly meanRps: number;
  readonly durationSeconds: number;
  readonly random: Random;
}

/** Short enough for a spike, long enough that a day is small. */
export const FAMILY_BIN_SECONDS = 5;

/** Whole counts about the shape, whose mean is the given rate; overdispersed, more in some services than in others. */
export function familyTrace(family: Family, { meanRps, durationSeconds, random }: FamilyOptions): BinnedTrace {
  const bins = Math.round(durationSeconds / FAMILY_BIN_SECONDS);
  if (bins < 1) {
    throw new BadInputError(`a load must last at least ${FAMILY_BIN_SECONDS} s, was: '${durationSeconds}'`);
  }
  if (!(meanRps > 0 && meanRps < Infinity)) throw new BadInputError(`a rate must be above 0, was: '${meanRps}'`);
  const { shape, dispersion } = SHAPES[family];
  const relative = shape(bins, random.fork("shape"));
  const scale = (meanRps * FAMILY_BIN_SECONDS * bins) / relative.reduce((sum, value) => sum + value, 0);
  const noise = random.fork("counts");
  const varianceToMean = logUniform(noise, ...dispersion);
  const counts = relative.map((value) => overdispersed(noise, value * scale, varianceToMean));
  return { kind: "binned", format: "counts-binned", name: family, binSeconds: FAMILY_BIN_SECONDS, counts };
}

interface FamilyShape {
  /** Relative rates; not all of them 0. */
  readonly shape: (bins: number, random: Random) => number[];
  /** Bounds of variance ÷ mean of the counts about the rate. */
  readonly dispersion: readonly [least: number, most: number];
}

const BINS_PER_MINUTE = 60 / FAMILY_BIN_SECONDS;
const BINS_PER_HOUR = 60 * BINS_PER_MINUTE;

const series = (bins: number, of: (bin: number) => number) => Array.from({ length: bins }, (_, bin) => of(bin));

const cosine = (turns: number) => Math.cos(2 * Math.PI * turns);

/** A drift that every service has, between these standard deviations. */
const drift = (random: Random, least: number, most: number) =>
  drifting(random.fork("drift"), FAMILY_BIN_SECONDS, [least, most]);

const SHAPES: Readonly<Record<Family, FamilyShape>> = {
  steady: {
    dispersion: [1, 3],
    shape: (bins, random) => {
      const [drifts, level] = [drift(random, 0.02, 0.12), shifting(random, FAMILY_BIN_SECONDS)];
      return series(bins, () => drifts() * level());
    },
  },
  diurnal: {
    dispersion: [1, 4],
    shape: (bins, random) => {
      const [drifts, day] = [drift(random, 0.05, 0.2), dayShape(random, FAMILY_BIN_SECONDS, [0.4, 0.8])];
      return series(bins, (bin) => drifts() * day(bin));
    },
  },
  seasonal: { dispersion: [1, 4], shape: seasonal },
  ramp: { dispersion: [1, 3], shape: ramp },
  flash: { dispersion: [1, 4], shape: flash },
  spike: { dispersion: [1, 4], shape: spikes },
  intermittent: { dispersion: [1, 6], shape: intermittent },
  llm: {
    dispersion: [1, 2],
    shape: (bins, random) => {
      const drifts = drift(random, 0.1, 0.3);
      const [period, phase] = [BINS_PER_HOUR * uniform(random, 1, 6), random.next()];
      const depth = uniform(random, 0.1, 0.4);
      return series(bins, (bin) => drifts() * (1 + depth * cosine(bin / period + phase)));
    },
  },
};

/** Cycles of 8–90 min, at least two of them, with an overtone, on a trend of their own. */
function seasonal(bins: number, random: Random): number[] {
  const drifts = drift(random, 0.05, 0.2);
  const period = Math.min(bins / 2, BINS_PER_MINUTE * logUniform(random, 8, 90));
  const phases = [random.next(), random.next()] as const;
  const [depth, overtone] = [uniform(random, 0.4, 0.95), uniform(random, 0, 0.4)];
  const trend = uniform(random, -0.5, 0.5);
  return series(bins, (bin) => {
    const wave = depth * cosine(bin / period + phases[0]) + overtone * cosine((2 * bin) / period + phases[1]);
    return drifts() * Math.max(0.05, 1 + wave) * Math.exp(trend * (bin / bins - 0.5));
  });
}

/** Up, down, or up and down again by a factor of 3–10, over a third of the time or more; level before and after. */
function ramp(bins: number, random: Random): number[] {
  const drifts = drift(random, 0.03, 0.15);
  const top = uniform(random, 3, 10);
  const begins = uniform(random, 0, 0.3);
  const lasts = uniform(random, 0.35, 0.7);
  const way = random.next();
  return series(bins, (bin) => {
    const risen = Math.min(1, Math.max(0, (bin / bins - begins) / lasts));
    const share = way < 0.6 ? risen : way < 0.8 ? 1 - risen : 1 - Math.abs(2 * risen - 1);
    return drifts() * (1 + (top - 1) * share);
  });
}

/** A crowd each two hours or so, and at least one: 4–14 times the rest, there within 10–90 s, fading in 2–15 min. */
function flash(bins: number, random: Random): number[] {
  const drifts = drift(random, 0.05, 0.2);
  const crowds = Array.from({ length: 1 + random.poisson(bins / (2 * BINS_PER_HOUR)) }, () => ({
    at: uniform(random, 0.05, 0.9) * bins,
    height: logUniform(random, 4, 14),
    rise: BINS_PER_MINUTE * uniform(random, 1 / 6, 1.5),
    fade: BINS_PER_MINUTE * logUniform(random, 2, 15),
  }));
  return series(bins, (bin) => {
    const crowd = crowds.reduce((sum, { at, height, rise, fade }) => {
      if (bin < at) return sum;
      return sum + (height - 1) * Math.min(1, (bin - at) / rise) * Math.exp(-Math.max(0, bin - at - rise) / fade);
    }, 0);
    return drifts() * (1 + crowd);
  });
}

const CLOCK_MINUTES = [5, 10, 15, 30] as const;
const BY_THE_CLOCK = 0.35;

/** Bursts of 5–60 s, 3–15 times the rest: 4–20 an hour at odd times, or each few minutes by the clock. */
function spikes(bins: number, random: Random): number[] {
  const drifts = drift(random, 0.05, 0.2);
  const isByTheClock = random.next() < BY_THE_CLOCK;
  const meanGap = isByTheClock
    ? BINS_PER_MINUTE * CLOCK_MINUTES[random.integer(CLOCK_MINUTES.length)]!
    : BINS_PER_HOUR / uniform(random, 4, 20);
  const alpha = uniform(random, 1.5, 2.5);
  const levels = new Array<number>(bins).fill(1);
  for (let at = random.next() * meanGap; at < bins; at += isByTheClock ? meanGap : random.exponential(meanGap)) {
    const height = pareto(random, alpha, 3, 15);
    const end = Math.min(bins, Math.floor(at) + 1 + random.integer(BINS_PER_MINUTE));
    for (let bin = Math.floor(at); bin < end; bin++) levels[bin] = Math.max(levels[bin]!, height);
  }
  return levels.map((level) => drifts() * level);
}

/** On for 10–50 % of the time, in spells of 1–5 min on average. */
function intermittent(bins: number, random: Random): number[] {
  const drifts = drift(random, 0.1, 0.4);
  const share = logUniform(random, 0.1, 0.5);
  for (;;) {
    const on = switching(random, FAMILY_BIN_SECONDS, share);
    const levels = series(bins, on);
    // A short load may have been silent throughout: that is none.
    if (levels.includes(1)) return levels.map((level) => drifts() * level);
  }
}
