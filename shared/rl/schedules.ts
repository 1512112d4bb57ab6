/** Knobs that change while an agent learns. */

/** Linear from the first value to the last. */
export interface LinearSchedule {
  readonly from: number;
  readonly to: number;
}

/** A number is a schedule that never changes. */
export type Schedulable = number | LinearSchedule;

/** The value at a share 0…1 of the training. */
export function scheduled(schedule: Schedulable, progress: number): number {
  if (typeof schedule === "number") return schedule;
  const share = Math.min(1, Math.max(0, progress));
  return schedule.from + (schedule.to - schedule.from) * share;
}
