/** Trace time as it passes: the wall clock is read once, at the start; from there on a monotonic clock carries it. */
import type { Clock } from "./clock.ts";
import { toTraceMs, toWallMs, type TraceTime } from "./trace-time.ts";

/** The real clocks that trace time is derived from. */
export interface TraceClocks {
  readonly wall: Pick<Clock, "nowMs">;
  /** Nobody sets it: intervals and ages are its. */
  readonly monotonic: Clock;
}

/** A clock of trace time that no adjustment of the wall clock moves. */
export class TraceClock {
  readonly #clocks: TraceClocks;
  readonly #traceTime: TraceTime;
  /** The wall clock less the monotonic one, at the start. */
  readonly #offsetMs: number;

  constructor(clocks: TraceClocks, traceTime: TraceTime) {
    this.#clocks = clocks;
    this.#traceTime = traceTime;
    this.#offsetMs = clocks.wall.nowMs() - clocks.monotonic.nowMs();
  }

  /** Trace time now, milliseconds. */
  nowMs(): number {
    return toTraceMs(this.#steadyMs(), this.#traceTime);
  }

  /** Real milliseconds from `traceMs` until now; negative when it is still to come. */
  realMsSince(traceMs: number): number {
    return this.#steadyMs() - toWallMs(traceMs, this.#traceTime);
  }

  /** Resolves at an instant of trace time, or at once when `signal` aborts. */
  sleepUntil(traceMs: number, signal: AbortSignal): Promise<void> {
    return this.#clocks.monotonic.sleep(-this.realMsSince(traceMs), signal);
  }

  /** How far the wall clock was set since the start: positive when it was set forward. */
  wallSetMs(): number {
    return this.#clocks.wall.nowMs() - this.#steadyMs();
  }

  /** What the wall clock would show if it had never been set. */
  #steadyMs(): number {
    return this.#offsetMs + this.#clocks.monotonic.nowMs();
  }
}
