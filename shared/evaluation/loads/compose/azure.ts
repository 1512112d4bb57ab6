/** Loads of Azure's day: some functions of a split laid over one another, each group at an hour of its own. */
import type { Random } from "../../../core/random.ts";
import type { PartRecipe } from "../../../sim/loads/recipe.ts";
import { DAY_SECONDS, type Draft, drawSpread, oneOf, someOf, usualDuration, wholeMinutes } from "./draft.ts";

/** The trace file that the functions are taken from. */
export const AZURE_FILE = "azure2019_d01_http_per_minute.csv";

/** A function of the file: its row and its counts per minute. */
export interface AzureFunction {
  /** `row=N`. */
  readonly select: string;
  readonly counts: readonly number[];
}

/** A function with less than this in its hours is no load of one function. */
const MIN_RPS = 0.2;
/** Of the loads: a handful of functions, a dozen or two, or most that there are. */
const CROWDS = [
  [1, 4],
  [5, 15],
  [16, 60],
] as const;

/** The first `wholeDays` loads last a day. */
export function azureDraft(functions: readonly AzureFunction[], wholeDays: number) {
  return (random: Random, index: number): Draft | null => {
    const durationSeconds = index < wholeDays ? DAY_SECONDS : usualDuration(random);
    const parts = azureParts(functions, durationSeconds, index < wholeDays ? CROWDS[2] : oneOf(random, CROWDS), random);
    const rps = parts.reduce((sum, part) => sum + rpsOf(part, durationSeconds, functions), 0);
    return rps < MIN_RPS ? null : { durationSeconds, parts, spread: drawSpread(random) };
  };
}

/** One to three groups, each with its hour and its multiple; within a group the functions keep the time that they had. */
export function azureParts(
  functions: readonly AzureFunction[],
  durationSeconds: number,
  [least, most]: readonly [number, number],
  random: Random,
): PartRecipe[] {
  const count = Math.min(functions.length, least + random.integer(most - least + 1));
  const chosen = someOf(random, functions, count, ({ counts }) => Math.sqrt(sumOf(counts)));
  const groups = Math.min(count, 1 + random.integer(3));
  return Array.from({ length: groups }, (_, group) => {
    const times = 1 + random.integer(3);
    return {
      file: AZURE_FILE,
      select: chosen.filter((_one, i) => i % groups === group).map(({ select }) => select),
      fromSeconds: durationSeconds === DAY_SECONDS && group === 0 ? 0 : wholeMinutes(random, DAY_SECONDS - 60),
      ...(times > 1 ? { times } : {}),
    };
  });
}

function rpsOf(part: PartRecipe, durationSeconds: number, functions: readonly AzureFunction[]): number {
  const [from, minutes] = [part.fromSeconds / 60, durationSeconds / 60];
  return functions
    .filter(({ select }) => part.select?.includes(select))
    .reduce((sum, { counts }) => {
      const taken = Array.from({ length: minutes }, (_, minute) => counts[(from + minute) % counts.length]!);
      return sum + ((part.times ?? 1) * sumOf(taken)) / durationSeconds;
    }, 0);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
