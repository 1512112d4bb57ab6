/** What the manifest's composers share: a load before it has a name and a function. */
import type { Random } from "../../../core/random.ts";
import type { MadeUpRecipe, RecordedRecipe } from "../../../sim/loads/recipe.ts";

type Named = "name" | "split" | "seed" | "function";

/** A recipe without name, split, seed and function. */
export type Draft =
  /** Its family shows when it is built. */
  | Omit<RecordedRecipe, Named | "family">
  /** Or its source says it. */
  | Omit<RecordedRecipe, Named>
  | Omit<MadeUpRecipe, Named>;

/** How the loads of one source are drawn. */
export interface Plan {
  /** Names begin with it. */
  readonly source: string;
  readonly count: number;
  /** The `index`th load; null: this draw is nothing, draw again. */
  readonly draft: (random: Random, index: number) => Draft | null;
}

/** Seconds of an hour. */
export const HOUR_SECONDS = 3600;
/** Seconds of a day. */
export const DAY_SECONDS = 86_400;

/** 2–6 h in half hours; one in twelve lasts 40–60 min. */
export function usualDuration(random: Random): number {
  if (random.next() < 1 / 12) return 60 * (40 + random.integer(21));
  return HOUR_SECONDS * (2 + random.integer(9) / 2);
}

/** Whole minutes from 0 to `most`, so that bins of a minute stay whole. */
export function wholeMinutes(random: Random, mostSeconds: number): number {
  return 60 * random.integer(Math.floor(mostSeconds / 60) + 1);
}

/** One of the values, each as likely. */
export function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.integer(values.length)]!;
}

/**
 * `count` different ones of `values`, in their order; heavier ones are likelier (exponential keys, Efraimidis and Spirakis
 * 2006).
 */
export function someOf<T>(random: Random, values: readonly T[], count: number, weightOf: (value: T) => number): T[] {
  const keyed = values.map((value, place) => ({ value, place, key: random.exponential(1) / weightOf(value) }));
  const chosen = keyed.sort((a, b) => a.key - b.key || a.place - b.place).slice(0, count);
  return chosen.sort((a, b) => a.place - b.place).map(({ value }) => value);
}

/** As in `DEFAULT_SPREAD`, from hardly clumped to bursty: per-minute counts do not show it, so it varies. */
export function drawSpread(random: Random): { deviation: number; correlationSeconds: number } {
  return {
    deviation: Math.round(10 * (0.1 + 0.9 * random.next())) / 10,
    correlationSeconds: 2 + random.integer(19),
  };
}
