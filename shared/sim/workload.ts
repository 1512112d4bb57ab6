/** Where an episode's calls come from. */
import type { Random } from "../core/random.ts";
import type { Schedule } from "../traces/schedule.ts";
import { BadInputError } from "../core/errors.ts";
import type { SimProfile } from "./profiles.ts";

export interface WorkloadAsk {
  readonly random: Random;
  readonly profile: SimProfile;
  /** The schedule must be at least so long; what comes later is not used. */
  readonly seconds: number;
}

/** Makes the schedule of one episode. Same chance, same schedule. */
export type Workload = (ask: WorkloadAsk) => Schedule;

/** The schedule's calls in [fromSeconds, fromSeconds + seconds), counted from there. Shares its work, copies nothing else. */
export function excerpt(schedule: Schedule, fromSeconds: number, seconds: number): Schedule {
  const first = firstAtOrAfter(schedule.offsetSeconds, fromSeconds);
  const end = firstAtOrAfter(schedule.offsetSeconds, fromSeconds + seconds);
  return {
    durationSeconds: seconds,
    offsetSeconds: schedule.offsetSeconds.subarray(first, end).map((offset) => offset - fromSeconds),
    work: schedule.work.subarray(first, end),
    windowSeconds: schedule.windowSeconds,
  };
}

/** Excerpts of recorded schedules, each beginning at a window drawn at random. Longer schedules are drawn as often as they are long. */
export function excerptsOf(schedules: readonly Schedule[]): Workload {
  if (schedules.length === 0) throw new BadInputError("workload: there is no schedule to take excerpts of");
  return ({ random, seconds }) => {
    const starts = schedules.map(({ durationSeconds, windowSeconds }) =>
      Math.max(0, Math.floor((durationSeconds - seconds) / windowSeconds + 1e-9) + 1),
    );
    const all = starts.reduce((sum, count) => sum + count, 0);
    if (all === 0) {
      const longest = Math.max(...schedules.map(({ durationSeconds }) => durationSeconds));
      throw new BadInputError(`workload: an episode of ${seconds} s does not fit into ${longest} s of schedule`);
    }
    let draw = random.integer(all);
    for (const [i, schedule] of schedules.entries()) {
      if (draw < starts[i]!) return excerpt(schedule, draw * schedule.windowSeconds, seconds);
      draw -= starts[i]!;
    }
    throw new BadInputError("workload: unreachable");
  };
}

/** One of several workloads for each episode, evenly. */
export function mixtureOf(workloads: readonly Workload[]): Workload {
  if (workloads.length === 0) throw new BadInputError("workload: there is nothing to mix");
  return (ask) => workloads[ask.random.integer(workloads.length)]!({ ...ask, random: ask.random.fork("drawn") });
}

function firstAtOrAfter(offsets: Float64Array, atSeconds: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsets[middle]! < atSeconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
