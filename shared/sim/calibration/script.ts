/** Scripted actions: the same replica counts, window by window, live and simulated. */
import type { PolicyAnswer, ScalingPolicy } from "../../core/policy.ts";
import type { Random } from "../../core/random.ts";
import { type Schedule, windowsOf } from "../../traces/schedule.ts";
import { neededReplicas, type SimProfile } from "../profiles.ts";

/**
 * Too few, enough and too many, relative to what a window's load needs. Never so few that a queue grows without bound: what
 * happens then depends on chance more than on the platform.
 */
const SHARES = [0.8, 1, 1.25, 1.6] as const;

/** One count for each window of the schedule, within the profile's bounds; drawn around what the window needs. */
export function scriptedCounts(schedule: Schedule, profile: SimProfile, random: Random): number[] {
  const { offsetSeconds, work, windowSeconds } = schedule;
  const workIn = new Float64Array(windowsOf(schedule));
  for (let i = 0; i < work.length; i++) {
    workIn[Math.min(workIn.length - 1, Math.floor(offsetSeconds[i]! / windowSeconds))]! += work[i]!;
  }
  return Array.from(workIn, (arrived) => {
    const share = SHARES[random.integer(SHARES.length)]!;
    const wanted = Math.round(neededReplicas(profile, arrived / windowSeconds) * share);
    return Math.min(profile.maxReplicas, Math.max(profile.minReplicas, 1, wanted));
  });
}

/** Proposes `counts[i]` for window i, at the end of the window before it (windows count from 1). The first count is where the run begins. */
export function scriptedPolicy(counts: readonly number[]): ScalingPolicy {
  return {
    identity: { name: "scripted", version: "1" },
    propose({ window: { seq } }): PolicyAnswer {
      const proposedReplicas = counts[Math.min(seq, counts.length - 1)]!;
      return { proposedReplicas, because: `the script's count after ${seq} windows` };
    },
  };
}
