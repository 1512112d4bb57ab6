/**
 * Arrivals between scrapes: what the counters gained from one scrape to the next, reported by the first tick that sees it. A tick's range
 * is shorter than a scrape interval, so that no rate can be taken over it; and a tick before which no scrape came has measured nothing.
 */
import type { FunctionId } from "../../ports/metrics-source.ts";
import { functionKey, instanceKey, type Answers } from "./answers.ts";
import type { TickName } from "./expressions.ts";

/** What a function's gateways had counted at the last scrape of all of them. */
interface Counted {
  readonly newestSeconds: number;
  /** By job and instance. */
  readonly values: ReadonlyMap<string, number>;
}

/** Requests that began between two scrapes, by function. */
export class TickArrivals {
  #counted: ReadonlyMap<string, Counted> = new Map();
  #gained: ReadonlyMap<string, number> = new Map();

  /** Takes what an instant's answer says of the functions that are asked about; others are forgotten. */
  note(answers: Answers<TickName>, functions: readonly FunctionId[]): void {
    const counted = new Map<string, Counted>();
    const gained = new Map<string, number>();
    for (const about of functions) {
      const key = functionKey(about);
      const before = this.#counted.get(key);
      const now = countedNow(answers, about);
      // A scrape without a value, or one that was seen before, adds nothing.
      if (now === null || now.newestSeconds === before?.newestSeconds) {
        if (before) counted.set(key, before);
        continue;
      }
      counted.set(key, now);
      const gain = before && gainOf(before.values, now.values);
      if (gain !== undefined && gain !== null) gained.set(key, gain);
    }
    this.#counted = counted;
    this.#gained = gained;
  }

  /** Since the scrape that was reported last; null where no new one has come, or where the counters cannot be compared. */
  of(about: FunctionId): number | null {
    return this.#gained.get(functionKey(about)) ?? null;
  }
}

function countedNow(answers: Answers<TickName>, about: FunctionId): Counted | null {
  const newestSeconds = answers.value("newest", about);
  if (newestSeconds === null) return null;
  const values = new Map<string, number>();
  for (const { labels, value } of answers.samples("started", about)) {
    if (value === null) return null;
    values.set(instanceKey(labels), value);
  }
  return values.size === 0 ? null : { newestSeconds, values };
}

/** A counter below what it was began anew. Null where one has come or gone: what it had counted is not known. */
function gainOf(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): number | null {
  if ([...before.keys()].some((instance) => !now.has(instance))) return null;
  let gain = 0;
  for (const [instance, value] of now) {
    const was = before.get(instance);
    if (was === undefined) return null;
    gain += value < was ? value : value - was;
  }
  return gain;
}
