/** What only a simulation or an evaluation can know: the load to come. */
import type { Schedule } from "../traces/schedule.ts";

/** What a policy with perfect foresight knows of a run. */
export interface Foresight {
  /** All arrivals to come, with their relative work. */
  readonly schedule: Pick<Schedule, "offsetSeconds" | "work">;
  /** Trace time of offset 0, milliseconds. */
  readonly startMs: number;
  /** Seconds one replica is busy with one invocation of work 1: CPU-seconds ÷ cores, or its duration ÷ its concurrency. */
  readonly busySeconds: number;
  /** How busy a replica should be, 0…1. */
  readonly utilisation: number;
  /** From asking for a replica to its first invocation. */
  readonly startupSeconds: number;
}
