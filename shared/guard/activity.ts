/** Since when a function has been idle: only what was measured without a gap counts. */
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { GuardState } from "./state.ts";

/** What is not known counts as work. `usable`: the window is complete and fresh. */
export function noteWindow(state: GuardState, window: MetricsWindow, usable: boolean): GuardState {
  const startMs = window.endedAtMs - window.windowSeconds * 1000;
  const idle = usable && window.arrivals === 0 && window.inFlightMax === 0;
  // Nobody watched between the last window and this one: idleness starts at this window's beginning.
  const gap = state.lastWindowEndMs === null || startMs > state.lastWindowEndMs;
  const lastActiveMs = idle ? (gap ? startMs : state.lastActiveMs) : window.endedAtMs;
  return {
    ...state,
    lastActiveMs: Math.max(state.lastActiveMs, lastActiveMs),
    lastWindowEndMs: Math.max(state.lastWindowEndMs ?? window.endedAtMs, window.endedAtMs),
  };
}

/** Work seen on a tick ends idleness at once. */
export function noteTick(state: GuardState, tick: Tick): GuardState {
  const busy = (tick.arrivals ?? 0) > 0 || (tick.inFlight ?? 0) > 0;
  return busy ? { ...state, lastActiveMs: Math.max(state.lastActiveMs, tick.atMs) } : state;
}
