/** The real clocks: the one that people set, and the one that nobody sets. */
import type { Clock } from "../core/clock.ts";

/** The wall clock, Unix milliseconds; a sleep that is aborted resolves at once. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** Milliseconds since this process began, also while it is stopped: for durations, not for dates. */
export const monotonicClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};
