/** How long a window is in real time. */
import type { MetricsWindow } from "../core/window.ts";

/** Trace seconds pass `timeLapse` times as fast. */
export function windowRealMs(window: Pick<MetricsWindow, "windowSeconds" | "timeLapse">): number {
  return (window.windowSeconds * 1_000) / window.timeLapse;
}
