/** How old an event is by the wall clock, and whether it is too old to act on. */
import type { MetricsWindow } from "../core/window.ts";

/** A window's real length: trace seconds pass `timeLapse` times as fast. */
export function windowRealMs(window: Pick<MetricsWindow, "windowSeconds" | "timeLapse">): number {
  return (window.windowSeconds * 1_000) / window.timeLapse;
}

/** Older than one window length: dropped, not queued, for a late decision is worse than none. */
export function isTooLate(
  event: { readonly time: string },
  window: Pick<MetricsWindow, "windowSeconds" | "timeLapse">,
  nowMs: number,
): boolean {
  return nowMs - Date.parse(event.time) > windowRealMs(window);
}
