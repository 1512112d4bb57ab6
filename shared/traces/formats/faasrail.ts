/** FaaSRail's experiment plans: a row per function with its invocations in each minute. */
import { BadInputError } from "../../core/errors.ts";
import type { BinnedTrace } from "../trace.ts";
import { csvRows, readHeader } from "./csv.ts";
import { badLine, quoted, readCount, type TraceText } from "./trace-file.ts";

/** The columns before the counts per minute. */
export const FAASRAIL_COLUMNS = ["function_idx", "avg_duration_ms", "mapped_benchmark", "mapped_mean_ms"] as const;

/** The sum over all functions, or `#<function_idx>`. */
export function parseFaasRail(file: TraceText): BinnedTrace {
  const columns = readHeader(file, FAASRAIL_COLUMNS);
  const minutes = columns.length - FAASRAIL_COLUMNS.length;
  if (minutes === 0) throw badLine(file, 1, "the header has no minutes (columns inv_minute_1, …)");
  columns.slice(FAASRAIL_COLUMNS.length).forEach((column, i) => {
    const want = `inv_minute_${i + 1}`;
    if (column !== want) throw badLine(file, 1, `column ${want} has the name ${quoted(column)}`);
  });

  const counts = new Array<number>(minutes).fill(0);
  let selected = 0;
  for (const { line, cells } of csvRows(file, columns.length)) {
    if (file.selection !== null && cells[0] !== file.selection) continue;
    selected++;
    for (let minute = 0; minute < minutes; minute++) {
      const value = cells[FAASRAIL_COLUMNS.length + minute]!;
      counts[minute]! += readCount(file, line, `inv_minute_${minute + 1}`, value);
    }
  }
  if (selected === 0) throw new BadInputError(`${file.name}: no function_idx is '${file.selection}'`);
  return { kind: "binned", format: "faasrail", name: file.name, binSeconds: 60, counts };
}
