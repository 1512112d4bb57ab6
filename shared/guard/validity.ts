/** May anything be concluded from this window? */
import { isDecidable, type MetricsWindow, type Tick } from "../core/window.ts";
import { trimmed } from "../core/spoken.ts";

/** Why the count must be held, or null: arrivals and both counts were measured, and the newest sample is fresh. */
export function reasonToHold(
  window: MetricsWindow,
  { maxMetricAgeSeconds }: { readonly maxMetricAgeSeconds: number | null },
): string | null {
  if (!isDecidable(window)) {
    const needed = ["arrivals", "desiredReplicas", "availableReplicas"] as const;
    return `not measured: ${needed.filter((name) => window[name] === null).join(", ")}`;
  }
  const limit = maxMetricAgeSeconds ?? window.windowSeconds;
  if (window.metricAgeSeconds === null) return "the age of the metrics is not known";
  if (window.metricAgeSeconds > limit) {
    return `metrics are ${trimmed(window.metricAgeSeconds)} s old, at most ${trimmed(limit)} s allowed`;
  }
  return null;
}

/** Arrivals, requests in flight and ready replicas were measured, and not long ago. */
export function isMeasuredTick(
  { arrivals, inFlight, availableReplicas, metricAgeSeconds: age }: Tick,
  { maxTickAgeSeconds }: { readonly maxTickAgeSeconds: number },
): boolean {
  return (
    arrivals !== null && inFlight !== null && availableReplicas !== null && age !== null && age <= maxTickAgeSeconds
  );
}
