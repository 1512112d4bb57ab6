/** What `forecast-mpc` remembers of a load: how many requests each of the last windows had, and how long replicas took to start. */
import { NO_STARTS, watchStarts, type Starts } from "../../core/starts.ts";
import type { DecidableWindow } from "../../core/window.ts";

/** Never changed in place. */
export interface Past {
  /** Arrivals of each window, oldest first. */
  readonly arrivals: readonly number[];
  readonly starts: Starts;
}

/** The past before the first window. */
export const NO_PAST: Past = { arrivals: [], starts: NO_STARTS };

/** Four hours of half-minute windows. */
const MAX_WINDOWS = 480;
/** Those that travel with a decision, and come back after a restart: half an hour. */
const TRAVELLING_WINDOWS = 64;

/** The window becomes the newest; what is older than four hours is forgotten. */
export function remember({ arrivals, starts }: Past, window: DecidableWindow): Past {
  return {
    arrivals: [...arrivals.slice(1 - MAX_WINDOWS), window.arrivals],
    starts: watchStarts(starts, { ...window, atMs: window.endedAtMs }),
  };
}

/** As plain numbers. */
export function numbersOf({ arrivals, starts }: Past): Record<string, number> {
  const numbers: Record<string, number> = { startsAsked: starts.asked, startsPendingSeconds: starts.pendingSeconds };
  arrivals.slice(-TRAVELLING_WINDOWS).forEach((count, i) => (numbers[`arrivals.${i}`] = count));
  return numbers;
}

/** Null where they are no such numbers. */
export function readPast(numbers: Readonly<Record<string, number>> | undefined): Past | null {
  const { startsAsked: asked, startsPendingSeconds: pendingSeconds } = numbers ?? {};
  if (numbers === undefined || !isAmount(asked) || !isAmount(pendingSeconds)) return null;
  const arrivals: number[] = [];
  while (isAmount(numbers[`arrivals.${arrivals.length}`]) && arrivals.length < TRAVELLING_WINDOWS) {
    arrivals.push(numbers[`arrivals.${arrivals.length}`]!);
  }
  return { arrivals, starts: { ...NO_STARTS, asked, pendingSeconds } };
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}
