/** What the load of a run needs: as the oracle knows it, and for the replicas that every run begins with. */
import type { Schedule } from "../traces/schedule.ts";
import type { Foresight } from "../policies/foresight.ts";
import { neededReplicas, type SimProfile } from "../sim/profiles.ts";

/** The utilisation at which needed replicas are computed (N* = ⌈λ·W ÷ (c·u*)⌉). */
const REFERENCE_UTILISATION = 0.7;

/** All arrivals to come, on a platform as the profile describes it; a start takes its typical time. */
export function foresightOf(schedule: Schedule, profile: SimProfile): Foresight {
  const { cpuLimitCores, maxInflight } = profile.parameters;
  const byCpu = profile.cpuSeconds / cpuLimitCores;
  // Calls that sleep hold a place without computing: places bound the rate where they are few.
  const byPlaces = maxInflight > 0 ? (profile.sleepSeconds + profile.cpuSeconds) / maxInflight : 0;
  return {
    schedule,
    startMs: 0,
    busySeconds: Math.max(byCpu, byPlaces),
    utilisation: REFERENCE_UTILISATION,
    startupSeconds: startupSeconds(profile),
  };
}

/** From the request for a replica to its first call: scale call, start, half a probe's period, routing table. */
export function startupSeconds({ parameters: p }: SimProfile): number {
  const scaleCallSeconds = (p.scaleCallMinSeconds + p.scaleCallMaxSeconds) / 2;
  const startSeconds = Math.max(p.startFloorSeconds, p.startMedianSeconds);
  return scaleCallSeconds + startSeconds + p.readinessPeriodSeconds / 2 + p.endpointSeconds;
}

/**
 * Replicas that the first window's load needs, within the bounds. Every policy begins with them, so that a cold start of
 * the experiment is no policy's fault.
 */
export function initialReplicas(schedule: Schedule, profile: SimProfile): number {
  const { offsetSeconds, work } = schedule;
  const windowSeconds = Math.min(schedule.windowSeconds, schedule.durationSeconds);
  let arrived = 0;
  for (let i = 0; i < work.length && offsetSeconds[i]! < windowSeconds; i++) arrived += work[i]!;
  const needed = neededReplicas(profile, arrived / windowSeconds, REFERENCE_UTILISATION);
  return Math.min(profile.maxReplicas, Math.max(profile.minReplicas, needed));
}

/** Replicas that a load needs, over its windows. */
export interface NeededSpan {
  readonly mean: number;
  readonly peak: number;
}

/** Needed replicas over the windows of a schedule, unbounded: what the load would take, at least 1 in each window. */
export function neededSpan(
  { offsetSeconds, work, windowSeconds, durationSeconds }: Schedule,
  profile: SimProfile,
): NeededSpan {
  const windows = Math.max(1, Math.ceil(durationSeconds / windowSeconds - 1e-9));
  const workIn = new Float64Array(windows);
  for (let i = 0; i < work.length; i++) {
    workIn[Math.min(windows - 1, Math.floor(offsetSeconds[i]! / windowSeconds))]! += work[i]!;
  }
  let [sum, peak] = [0, 0];
  for (const arrived of workIn) {
    const needed = neededReplicas(profile, arrived / windowSeconds, REFERENCE_UTILISATION);
    sum += needed;
    peak = Math.max(peak, needed);
  }
  return { mean: sum / windows, peak };
}
