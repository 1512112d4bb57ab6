/** Makes a trace of single arrivals: in order, from a start at or before the first. */
import type { InstantTrace, TraceFormat } from "../trace.ts";

/**
 * Sorts arrivals (equal ones keep the file's order) together with their work, which is divided by its mean. The trace
 * lasts to the first whole second after the last arrival. Work that is 0 throughout says nothing and is left out.
 */
export function instantTrace(
  format: TraceFormat,
  name: string,
  arrivalSeconds: readonly number[],
  work: readonly number[],
): InstantTrace {
  const order = Array.from(arrivalSeconds.keys()).sort((a, b) => arrivalSeconds[a]! - arrivalSeconds[b]! || a - b);
  const startSeconds = Math.min(0, arrivalSeconds[order[0]!]!);
  const sorted = order.map((row) => arrivalSeconds[row]! - startSeconds);
  const meanWork = work.reduce((sum, w) => sum + w, 0) / work.length;
  return {
    kind: "instants",
    format,
    name,
    arrivalSeconds: sorted,
    ...(meanWork > 0 ? { work: order.map((row) => work[row]! / meanWork) } : {}),
    durationSeconds: Math.floor(sorted[sorted.length - 1]!) + 1,
  };
}
