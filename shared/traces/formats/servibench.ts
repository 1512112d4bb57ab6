/** ServiBench's four patterns in one long table: pattern, minute, invocations. */
import { BadInputError } from "../../core/errors.ts";
import type { BinnedTrace } from "../trace.ts";
import { csvRows, readHeader } from "./csv.ts";
import { badLine, readCount, type TraceText } from "./trace-file.ts";

/** The columns of ServiBench's patterns. */
export const SERVIBENCH_COLUMNS = ["pattern", "minute", "invocations"] as const;

/** One pattern, by `#<pattern>`; a file with a single pattern needs no selection. Minutes count from 0 without gaps. */
export function parseServiBench(file: TraceText): BinnedTrace {
  const columns = readHeader(file, SERVIBENCH_COLUMNS);
  const patterns = new Map<string, number[]>();
  for (const { line, cells } of csvRows(file, columns.length)) {
    const pattern = cells[0]!;
    const counts = patterns.get(pattern) ?? [];
    patterns.set(pattern, counts);
    const minute = readCount(file, line, "minute", cells[1]!);
    if (minute !== counts.length) {
      throw badLine(file, line, `minute of pattern '${pattern}' must be ${counts.length}, was '${minute}'`);
    }
    counts.push(readCount(file, line, "invocations", cells[2]!));
  }
  const chosen = file.selection ?? (patterns.size === 1 ? [...patterns.keys()][0]! : null);
  const counts = chosen === null ? undefined : patterns.get(chosen);
  if (!counts) {
    const was = file.selection === null ? "missing" : `'#${file.selection}'`;
    const names = [...patterns.keys()].map((pattern) => `#${pattern}`).join(", ");
    throw new BadInputError(`${file.name}: the pattern must be one of ${names}, was ${was}`);
  }
  return { kind: "binned", format: "servibench", name: file.name, binSeconds: 60, counts };
}
