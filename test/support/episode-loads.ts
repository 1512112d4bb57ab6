/** Loads for the scaling environment: excerpts of schedules. */
import { BadInputError } from "#shared/core/errors.ts";
import type { EpisodeLoad } from "#shared/sim/scaling-environment.ts";
import type { Schedule } from "#shared/traces/schedule.ts";

/** The schedule's calls in [fromSeconds, fromSeconds + seconds), counted from there. Shares its work, copies nothing else. */
function excerpt(schedule: Schedule, fromSeconds: number, seconds: number): Schedule {
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
export function excerptsOf(schedules: readonly Schedule[]): EpisodeLoad {
  if (schedules.length === 0) throw new BadInputError("there is no schedule to take excerpts of");
  return ({ random, seconds }) => {
    const starts = schedules.map(({ durationSeconds, windowSeconds }) =>
      Math.max(0, Math.floor((durationSeconds - seconds) / windowSeconds + 1e-9) + 1),
    );
    const all = starts.reduce((sum, count) => sum + count, 0);
    if (all === 0) {
      const longest = Math.max(...schedules.map(({ durationSeconds }) => durationSeconds));
      throw new BadInputError(`an episode of ${seconds} s does not fit into ${longest} s of schedule`);
    }
    let draw = random.integer(all);
    for (const [i, schedule] of schedules.entries()) {
      if (draw < starts[i]!) return excerpt(schedule, draw * schedule.windowSeconds, seconds);
      draw -= starts[i]!;
    }
    throw new BadInputError("unreachable");
  };
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
