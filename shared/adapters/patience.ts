/** How long something may take. */
import type { Clock } from "../core/clock.ts";

/**
 * A signal that aborts after `ms` of real time, rounded up: Node refuses any other delay than whole milliseconds, and neither
 * 2,000 ÷ 3 nor 1.1 · 45,000 is one.
 */
export function deadlineIn(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(ms));
}

/** Hands `work` a signal that aborts after `ms` of real time. What is done in time leaves nothing behind, no timer either. */
export async function within<T>(ms: number, work: (deadline: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.ceil(ms));
  try {
    return await work(deadline.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Settles as `work` does; after `ms` of `clock` it rejects with `tooLate`, and what `work` does then is ignored. */
export async function inTime<T>(
  work: Promise<T>,
  ms: number,
  clock: Pick<Clock, "sleep">,
  tooLate: string,
): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(() => {
    throw new Error(tooLate);
  });
  // The race listens to both to their end: whichever loses it may reject without harm.
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort(null);
  }
}

/**
 * A deadline a little after `timeoutMs`, where the HTTP client's own time-out is one of silence: silence is reported by the client
 * in its own words, and an answer that drips ends all the same.
 */
export function wholeAnswerMs(timeoutMs: number): number {
  return 1.1 * timeoutMs;
}
