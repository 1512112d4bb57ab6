/** How fast the count may move: HPA's scaling policies, counted in what we did inside the period. */
import type { GuardSettings } from "./settings.ts";
import type { Step } from "./stabilise.ts";
import { trimmed } from "../core/spoken.ts";

/** A change we made: + up, − down. */
export interface ScaleEvent {
  readonly atMs: number;
  readonly change: number;
}

/** Adds a change and forgets those older than both periods. */
export function recordChange(events: readonly ScaleEvent[], event: ScaleEvent, settings: GuardSettings): ScaleEvent[] {
  const longestMs = Math.max(settings.scaleUpPeriodSeconds, settings.scaleDownPeriodSeconds) * 1000;
  const kept = events.filter(({ atMs }) => atMs > event.atMs - longestMs);
  return event.change === 0 ? kept : [...kept, event];
}

/** The count before our own changes of the period: current − added + deleted (HPA's `periodStartReplicas`). */
function periodStart(current: number, events: readonly ScaleEvent[], nowMs: number, periodSeconds: number): number {
  const sinceMs = nowMs - periodSeconds * 1000;
  const moved = events.reduce((sum, { atMs, change }) => (atMs > sinceMs ? sum + change : sum), 0);
  return Math.max(0, current - moved);
}

/** Limits a recommended count to what the changes of the present period still allow. */
export function rateLimit(
  recommended: number,
  { current, events, nowMs }: { current: number; events: readonly ScaleEvent[]; nowMs: number },
  settings: GuardSettings,
): Step {
  if (recommended > current) {
    const start = periodStart(current, events, nowMs, settings.scaleUpPeriodSeconds);
    const most = Math.max(start + settings.scaleUpReplicas, Math.ceil(start * settings.scaleUpRatio), current);
    if (recommended <= most) return { replicas: recommended, note: null };
    const note = `rate-limited from ${recommended}: at most ${most} within ${trimmed(settings.scaleUpPeriodSeconds)} s`;
    return { replicas: most, note };
  }
  if (recommended < current) {
    const start = periodStart(current, events, nowMs, settings.scaleDownPeriodSeconds);
    const least = Math.min(
      Math.max(0, Math.min(start - settings.scaleDownReplicas, Math.trunc(start * (1 - settings.scaleDownShare)))),
      current,
    );
    if (recommended >= least) return { replicas: recommended, note: null };
    const note = `rate-limited from ${recommended}: at least ${least} within ${trimmed(settings.scaleDownPeriodSeconds)} s`;
    return { replicas: least, note };
  }
  return { replicas: recommended, note: null };
}
