/** Time cut into slots of equal length, in which a plan keeps one count of replicas, and the calls that come in each. */
import type { Schedule } from "../../traces/schedule.ts";
import type { SimProfile } from "../../sim/profiles.ts";

/** A schedule's calls by slots of equal length. */
export interface Slots {
  readonly slotSeconds: number;
  readonly count: number;
  /** The calls of slot k are those from `first[k]` up to, and without, `first[k + 1]`. Length: count + 1. */
  readonly first: Int32Array;
}

/** Each divides the window that policies decide on, so that their changes fall between slots, too. */
const SLOT_SECONDS = [10, 15, 30];

/**
 * A slot is at least one and a half times the SLO long where it can be: what came before the slot before it is over by then,
 * or late. The last slot may reach beyond the schedule, as its last window does.
 */
export function slotsOf(schedule: Schedule, { slo }: Pick<SimProfile, "slo">): Slots {
  const { offsetSeconds, durationSeconds, windowSeconds } = schedule;
  const slotSeconds = SLOT_SECONDS.find((seconds) => seconds >= 1.5 * slo.seconds) ?? SLOT_SECONDS.at(-1)!;
  const judgedSeconds = Math.ceil(durationSeconds / windowSeconds - 1e-9) * windowSeconds;
  const count = Math.max(1, Math.ceil(judgedSeconds / slotSeconds - 1e-9));
  const first = new Int32Array(count + 1);
  let call = 0;
  for (let slot = 1; slot < count; slot++) {
    while (call < offsetSeconds.length && offsetSeconds[call]! < slot * slotSeconds) call++;
    first[slot] = call;
  }
  first[count] = offsetSeconds.length;
  return { slotSeconds, count, first };
}

/** Replicas that the calls of each slot keep busy, `busySeconds` being those of a call of work 1. */
export function busyReplicas(
  { slotSeconds, count, first }: Slots,
  { work }: Schedule,
  busySeconds: number,
): Float64Array {
  const busy = new Float64Array(count);
  for (let slot = 0; slot < count; slot++) {
    for (let call = first[slot]!; call < first[slot + 1]!; call++) busy[slot]! += work[call]!;
    busy[slot]! *= busySeconds / slotSeconds;
  }
  return busy;
}
