/** Azure Functions 2021: one row per invocation, with its end and its duration. */
import { BadInputError } from "../../core/errors.ts";
import type { InstantTrace } from "../trace.ts";
import { csvRows, readHeader } from "./csv.ts";
import { instantTrace } from "./instants.ts";
import { readAmount, type TraceText } from "./trace-file.ts";

/** The columns of Azure's trace of single invocations. */
export const PER_INVOCATION_COLUMNS = ["app", "func", "end_timestamp", "duration"] as const;

/**
 * Arrival = end − duration; the work is the duration. All functions, or `#<start of func>`. An invocation that began
 * before the trace moves the start of the trace to its arrival.
 */
export function parsePerInvocation(file: TraceText): InstantTrace {
  const columns = readHeader(file, PER_INVOCATION_COLUMNS);
  const arrivals: number[] = [];
  const durations: number[] = [];
  const functions = new Set<string>();
  for (const { line, cells } of csvRows(file, columns.length)) {
    const functionHash = cells[1]!;
    if (file.selection !== null && !functionHash.startsWith(file.selection)) continue;
    const endSeconds = readAmount(file, line, "end_timestamp", cells[2]!);
    const durationSeconds = readAmount(file, line, "duration", cells[3]!);
    functions.add(functionHash);
    arrivals.push(endSeconds - durationSeconds);
    durations.push(durationSeconds);
  }
  if (file.selection !== null && functions.size !== 1) {
    throw new BadInputError(
      `${file.name}: '#${file.selection}' must be the start of one function's hash in column func, was that of ${functions.size}`,
    );
  }
  return instantTrace("per-invocation", file.name, arrivals, durations);
}
