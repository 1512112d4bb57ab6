/** A plan played in the simulator, unobserved, which is quick: what it costs, and how many calls are late. */
import { seededRandom } from "../../core/random.ts";
import type { Schedule } from "../../traces/schedule.ts";
import { Platform } from "../../sim/platform.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import type { PlanStep } from "./plan.ts";

/** What a plan came to in the simulator. */
export interface Replayed {
  readonly lateShare: number;
  readonly replicaSeconds: number;
  readonly replicaStarts: number;
}

/** The run that plans are replayed on. */
export interface ReplayOptions {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly seed: number | string;
  readonly initialReplicas: number;
}

/** Steps in ascending order. The same calls, routes and starts as `simulate` has with this seed. */
export function replay(steps: readonly PlanStep[], options: ReplayOptions): Replayed {
  const { schedule, profile, seed, initialReplicas } = options;
  const random = seededRandom(seed).fork("platform");
  const platform = new Platform({ profile, schedule, replicas: initialReplicas, random });
  for (const { atSeconds, replicas } of steps) {
    platform.runUntil(atSeconds);
    platform.scale(replicas);
  }
  const { windowSeconds, durationSeconds } = schedule;
  platform.runUntil(Math.ceil(durationSeconds / windowSeconds - 1e-9) * windowSeconds);
  const { replicaSeconds } = platform;
  const { tally } = platform;
  const p = profile.parameters;
  const endSeconds =
    platform.nowSeconds + p.upstreamTimeoutSeconds + p.scaleFromZeroPollSeconds * p.scaleFromZeroPolls + 1;
  while (platform.waiting > 0 && platform.nowSeconds < endSeconds) platform.runUntil(platform.nowSeconds + 1);
  const { arrivals, late, failed, replicaStarts } = tally;
  return { lateShare: arrivals === 0 ? 0 : (late + failed) / arrivals, replicaSeconds, replicaStarts };
}
