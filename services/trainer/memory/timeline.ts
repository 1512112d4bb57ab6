/**
 * Which windows of a function follow each other. One that does not, whatever its number or instant, is held until the next
 * one decides: two in a row that follow each other begin a new streak (the collector restarted, or there was a gap); a single
 * one was false, and is counted. So no window can keep later ones out, however far ahead it is dated.
 */
import type { MetricsWindow } from "#shared/core/window.ts";

/** Windows that may be missing within a streak: their load is taken to be like that before. */
const MAX_MISSED = 3;
/** Windows by which a duplicate is recognised. */
const REMEMBERED = 1_024;

/** A window that has its place in a streak. */
export interface Accepted {
  readonly window: MetricsWindow;
  /** The first of a streak. */
  readonly begins: boolean;
}

/** The streaks of one function. */
export class Timeline {
  readonly #known = new Set<string>();
  #last: MetricsWindow | null = null;
  #suspect: MetricsWindow | null = null;
  #implausible = 0;

  /** Windows that did not follow, and were not followed. */
  get implausible(): number {
    return this.#implausible;
  }

  /** Whether it was accepted, not too long ago. */
  knows(window: MetricsWindow): boolean {
    return this.#known.has(keyOf(window));
  }

  /** None, one, or, where it confirms the one before, two. */
  accept(window: MetricsWindow): readonly Accepted[] {
    const key = keyOf(window);
    if (this.#known.has(key)) return [];
    if (this.#last === null || follows(this.#last, window) || goesOn(this.#last, window)) {
      const begins = this.#last?.generation !== window.generation;
      this.#giveUpSuspect();
      this.#take(window);
      return [{ window, begins }];
    }
    const suspect = this.#suspect;
    if (suspect !== null && keyOf(suspect) === key) return [];
    if (suspect === null || !follows(suspect, window)) {
      this.#giveUpSuspect();
      this.#suspect = window;
      return [];
    }
    this.#suspect = null;
    this.#take(suspect);
    this.#take(window);
    return [
      { window: suspect, begins: true },
      { window, begins: false },
    ];
  }

  #giveUpSuspect(): void {
    if (this.#suspect !== null) this.#implausible++;
    this.#suspect = null;
  }

  #take(window: MetricsWindow): void {
    this.#last = window;
    this.#known.add(keyOf(window));
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.values().next().value!);
  }
}

function follows(last: MetricsWindow, window: MetricsWindow): boolean {
  if (last.generation !== window.generation || last.windowSeconds !== window.windowSeconds) return false;
  const steps = window.seq - last.seq;
  if (steps < 1 || steps > MAX_MISSED + 1) return false;
  const windowMs = window.windowSeconds * 1_000;
  return Math.abs(window.endedAtMs - last.endedAtMs - steps * windowMs) < windowMs / 2;
}

/** A restarted collector numbers windows from its start; its time goes on. */
function goesOn(last: MetricsWindow, { generation, endedAtMs, windowSeconds }: MetricsWindow): boolean {
  const laterMs = endedAtMs - last.endedAtMs;
  return last.generation !== generation && laterMs > 0 && laterMs <= (MAX_MISSED + 1) * windowSeconds * 1_000;
}

function keyOf({ generation, seq, endedAtMs }: MetricsWindow): string {
  return `${generation} ${seq} ${endedAtMs}`;
}
