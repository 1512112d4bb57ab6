/** Trace time: at time-lapse k it passes k times as fast as the wall clock, from an instant both agree on. */

/** How trace time follows from wall time. */
export interface TraceTime {
  readonly timeLapse: number;
  /** Where trace time and wall time agree. Passed in, so that a restart goes on in the same time. */
  readonly epochMs: number;
}

/** The instant of trace time at an instant of wall time, milliseconds. */
export function toTraceMs(wallMs: number, { timeLapse, epochMs }: TraceTime): number {
  return epochMs + (wallMs - epochMs) * timeLapse;
}

/** The instant of wall time at an instant of trace time, milliseconds. */
export function toWallMs(traceMs: number, { timeLapse, epochMs }: TraceTime): number {
  return epochMs + (traceMs - epochMs) / timeLapse;
}

/** Windows lie on a grid that starts at the epoch, numbered from 1: the same span has the same number after a restart. */
export function windowNumber(endedAtMs: number, windowSeconds: number, { epochMs }: TraceTime): number {
  return Math.round((endedAtMs - epochMs) / (windowSeconds * 1_000));
}

/** End of the first window that ends after `traceMs`. */
export function nextWindowEndMs(traceMs: number, windowSeconds: number, { epochMs }: TraceTime): number {
  const windowMs = windowSeconds * 1_000;
  return epochMs + (Math.floor((traceMs - epochMs) / windowMs) + 1) * windowMs;
}
