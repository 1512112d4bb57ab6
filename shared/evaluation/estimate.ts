/**
 * What model and rule would each have brought on the windows that were just recorded: a short simulation for either, from the
 * replicas that ran then, on the same calls, behind the same guard. Neither is held against the real windows: a simulator is
 * never quite the platform, and what it gets wrong it gets wrong for both.
 */
import type { ManagedFunction } from "../core/managed-function.ts";
import type { Estimate } from "../core/model-lifecycle.ts";
import type { PolicyFactory } from "../core/policy.ts";
import type { MetricsWindow } from "../core/window.ts";
import type { SimProfile } from "../sim/profiles.ts";
import { meanOutcome, outcomeOf } from "./outcome.ts";
import { recordedProfile, recordedSchedule, recordedTrace } from "./recorded-load.ts";

/** The last windows count; those before let memories fill and counts settle. */
const ESTIMATED_WINDOWS = 20;
/** The windows before those that count. */
export const WARM_UP_WINDOWS = 10;
/** The same windows with other instants of arrival and other starts: the platform's chance is no policy's merit. */
const SEEDS = [1, 2, 3];

/** Fewer windows than these say nothing yet. */
export const MIN_WINDOWS = 10;

/** Null with too few windows. `windows` are those of one function, in their order. */
export function estimate(
  windows: readonly MetricsWindow[],
  managed: ManagedFunction,
  model: PolicyFactory,
  rule: PolicyFactory,
  base?: SimProfile,
): Estimate | null {
  const last = windows.slice(-(ESTIMATED_WINDOWS + WARM_UP_WINDOWS));
  if (last.length < MIN_WINDOWS) return null;
  const profile = recordedProfile(windows, managed, base);
  const trace = recordedTrace(last);
  const initialReplicas = Math.max(1, last[0]!.desiredReplicas ?? managed.minReplicas);
  const warmUpWindows = Math.max(0, Math.min(WARM_UP_WINDOWS, trace.counts.length - ESTIMATED_WINDOWS));
  const outcome = (policy: PolicyFactory) =>
    meanOutcome(
      SEEDS.map((seed) => {
        const schedule = recordedSchedule(trace, profile, seed);
        return outcomeOf({ schedule, profile, policy, initialReplicas, seed, warmUpWindows });
      }),
    );
  return { windows: trace.counts.length - warmUpWindows, model: outcome(model), rule: outcome(rule) };
}
