/** A clock that no one sets: it counts from an instant of its own and goes on while the process is stopped. */
import type { Clock } from "../core/clock.ts";
import { systemClock } from "./system-clock.ts";

/** Milliseconds since this process began: for durations, not for dates. */
export const monotonicClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};
