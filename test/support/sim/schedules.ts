/** Schedules for the simulator's tests. */
import { seededRandom } from "#shared/core/random.ts";
import type { Schedule } from "#shared/traces/schedule.ts";

export interface PoissonOptions {
  readonly rps: number;
  readonly calls: number;
  /** Coefficient of variation of the work; 0: all alike. */
  readonly cv?: number;
  readonly seed?: number;
}

/** Poisson arrivals with log-normal work of mean 1. */
export function poissonSchedule({ rps, calls, cv = 0, seed = 1 }: PoissonOptions): Schedule {
  const random = seededRandom(seed);
  const offsetSeconds = new Float64Array(calls);
  const work = new Float32Array(calls);
  let atSeconds = 0;
  for (let i = 0; i < calls; i++) {
    offsetSeconds[i] = atSeconds += random.exponential(1 / rps);
    work[i] = random.logNormal(1, cv);
  }
  return { durationSeconds: atSeconds, offsetSeconds, work, windowSeconds: 30 };
}

/** Calls at given instants, each of mean work. */
export function scheduleAt(instants: readonly number[], durationSeconds = 600): Schedule {
  return {
    durationSeconds,
    offsetSeconds: Float64Array.from(instants),
    work: new Float32Array(instants.length).fill(1),
    windowSeconds: 30,
  };
}
