/** What the guard remembers of one function between decisions: plain data, fit for JSON. */
import type { MetricsWindow, Tick } from "../core/window.ts";
import { calm, type Panic } from "./panic.ts";
import type { ScaleEvent } from "./rate-limit.ts";
import type { Recommendation } from "./stabilise.ts";

/** A replica count that someone else set. */
export interface ForeignChange {
  /** What we last read back. */
  readonly expected: number;
  readonly found: number;
}

/** What the guard remembers of one function; plain data. */
export interface GuardState {
  /** When this guard began, trace time: a restart remembers nothing. */
  readonly startedAtMs: number;
  /** The latest instant seen; the guard's time never goes back, though a proposal may come after younger ticks. */
  readonly clockMs: number;
  /** A first replica count was seen. */
  readonly begun: boolean;
  /** The count the platform is known to be asked for; null when it is not known or not ours to judge. */
  readonly expected: number | null;
  /** A foreign change seen, from which Replicant backs off until the next window. */
  readonly foreign: (ForeignChange & { readonly reported: boolean }) | null;
  readonly panic: Panic;
  readonly recommendations: readonly Recommendation[];
  readonly events: readonly ScaleEvent[];
  /** The last instant at which there was work, or at which it was not known. */
  readonly lastActiveMs: number;
  readonly lastWindowEndMs: number | null;
}

/** A guard that begins (or begins again) at `startedAtMs`, trace time: the first event's instant will do. */
export function startGuard(startedAtMs: number): GuardState {
  return {
    startedAtMs,
    clockMs: startedAtMs,
    begun: false,
    expected: null,
    foreign: null,
    panic: { samples: [], sinceMs: null, peak: 0, because: null },
    recommendations: [],
    events: [],
    lastActiveMs: startedAtMs,
    lastWindowEndMs: null,
  };
}

/**
 * The first count seen after a start: it counts as a recommendation (as HPA does), and more than one ready replica starts in panic
 * with that as its peak (as KPA does, Knative PR 4795), so that forgetting never scales down. The peak is at most what is
 * desired: replicas that are on their way out are not called back.
 */
export function begin(
  state: GuardState,
  desired: number,
  available: number | null,
  settings: { readonly stableWindowSeconds: number },
): GuardState {
  if (state.begun) return state;
  const held = Math.min(available ?? 0, desired);
  const because = `${held} were ready at the restart`;
  const panic: Panic =
    held > 1 && state.panic.sinceMs === null
      ? { ...state.panic, sinceMs: state.startedAtMs, peak: held, because }
      : state.panic;
  return {
    ...state,
    begun: true,
    panic: calm(panic, state.clockMs, settings.stableWindowSeconds),
    recommendations: [...state.recommendations, { atMs: state.clockMs, replicas: desired }],
  };
}

/**
 * Since when the function has been idle: only what was measured without a gap counts, and what is not known counts as work.
 * `usable`: the window is complete and fresh.
 */
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
