/** Made-up loads of a family, at rates from a call each seven seconds to sixty a second. */
import type { Random } from "../../../core/random.ts";
import { logUniform } from "../../../sim/workloads/draws.ts";
import type { Family } from "../../../sim/workloads/families.ts";
import { DAY_SECONDS, type Draft, HOUR_SECONDS, usualDuration } from "./draft.ts";

const RPS = [0.15, 60] as const;
const MAX_CALLS = 200_000;

/** What the shipped `api` needs to be busy. */
const BUSY_RPS = [38, 60] as const;

/**
 * The first load of `diurnal` and of `seasonal` lasts a day; every eighth from the second on is busy for the better part of an
 * hour.
 */
export function madeUpDraft(family: Family) {
  return (random: Random, index: number): Draft => {
    if (index % 8 === 1) {
      const meanRps = Number(logUniform(random, ...BUSY_RPS).toPrecision(3));
      return { family, durationSeconds: 60 * (40 + random.integer(16)), meanRps };
    }
    const isDay = index === 0 && (family === "diurnal" || family === "seasonal");
    // A few hours of a day hardly differ from a level.
    const shortDay = HOUR_SECONDS * (6 + random.integer(7));
    const usual = family === "diurnal" ? shortDay : usualDuration(random);
    const durationSeconds = isDay ? DAY_SECONDS : usual;
    const mostRps = Math.min(RPS[1], MAX_CALLS / durationSeconds);
    return { family, durationSeconds, meanRps: Number(logUniform(random, RPS[0], mostRps).toPrecision(3)) };
  };
}
