/** Which family a recorded load belongs to, by its windows: what it does, not where it comes from. */
import type { Family } from "../workloads/families.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import type { Demand } from "./need.ts";

const DAY_WINDOWS = 86_400 / WINDOW_SECONDS;
/** A recording may lack a little of its day. */
const NEARLY_A_DAY = 0.9 * DAY_WINDOWS;
/** Silent for more than this share of the windows. */
const SILENT_SHARE = 0.4;
/** A crowd: windows above a third of the highest follow one another for so long. */
const CROWD_WINDOWS = 6;
const HIGH_PEAK = 4;
/** A line explains so much of the variance of ten-minute means. */
const RAMP_EXPLAINED = 0.6;
const RAMP_WINDOWS = 20;
/** Autocorrelation at some lag of minutes. */
const SEASONAL_CORRELATION = 0.4;
/** Ten-minute means differ by so much (standard deviation ÷ mean): less is a level. */
const LEVEL_VARIATION = 0.25;

/**
 * A day or more is `diurnal`; then, in this order: mostly silent is `intermittent`; a peak of four means is a `flash` where it
 * lasts and a `spike` where not; a line is a `ramp`; what repeats itself is `seasonal`; what keeps its level is `steady`; the
 * rest varies with the time of the day, so far as it was recorded.
 */
export function familyOf({ workPerSecond, mean, peak }: Demand): Family {
  if (workPerSecond.length >= NEARLY_A_DAY) return "diurnal";
  const silent = workPerSecond.filter((rate) => rate === 0).length / workPerSecond.length;
  if (silent > SILENT_SHARE) return "intermittent";
  if (peak > HIGH_PEAK * mean) return longestAbove(workPerSecond, peak / 3) >= CROWD_WINDOWS ? "flash" : "spike";
  const slow = meansOf(workPerSecond, RAMP_WINDOWS);
  const variation = deviationOf(slow) / mean;
  if (variation > LEVEL_VARIATION && explainedByLine(slow) > RAMP_EXPLAINED) return "ramp";
  if (repeatsItself(workPerSecond)) return "seasonal";
  return variation > LEVEL_VARIATION ? "diurnal" : "steady";
}

function longestAbove(values: readonly number[], level: number): number {
  let [longest, run] = [0, 0];
  for (const value of values) longest = Math.max(longest, (run = value > level ? run + 1 : 0));
  return longest;
}

function meansOf(values: readonly number[], length: number): number[] {
  const means: number[] = [];
  for (let at = 0; at + length <= values.length; at += length) means.push(mean(values.slice(at, at + length)));
  return means;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** R² of a straight line through values at even distances. */
function explainedByLine(values: readonly number[]): number {
  const places = values.map((_, i) => i);
  const covariance = mean(places.map((place, i) => (place - mean(places)) * (values[i]! - mean(values))));
  const [across, along] = [deviationOf(values), deviationOf(places)];
  return across === 0 || along === 0 ? 0 : (covariance / (across * along)) ** 2;
}

/** Whether, at some lag from two minutes to a quarter of the load, the autocorrelation has a clear peak. */
function repeatsItself(values: readonly number[]): boolean {
  const middle = mean(values);
  const centred = values.map((value) => value - middle);
  const variance = mean(centred.map((value) => value * value));
  if (variance === 0) return false;
  const correlation = (lag: number) => mean(centred.slice(lag).map((value, i) => value * centred[i]!)) / variance;
  let least = 1;
  for (let lag = 1; lag <= values.length / 4; lag++) {
    const found = correlation(lag);
    least = Math.min(least, found);
    if (lag >= 4 && found > SEASONAL_CORRELATION && found > least + 0.3) return true;
  }
  return false;
}
