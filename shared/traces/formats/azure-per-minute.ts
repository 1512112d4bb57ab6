/** Azure Functions 2019: one row per function, invocations in each minute of a day. */
import { BadInputError } from "../../core/errors.ts";
import type { BinnedTrace } from "../trace.ts";
import { csvRows, readHeader } from "./csv.ts";
import { badLine, quoted, readCount, type TraceText } from "./trace-file.ts";

/** Columns that identify a function; the rest of the header is the minutes. */
export const AZURE_COLUMNS = ["HashOwner", "HashApp", "HashFunction", "Trigger"] as const;

/**
 * The sum over all functions, or one of them: `#row=7` (the seventh function) or `#<start of HashFunction>`. A day may
 * be cut short: the minutes are those of the header.
 */
export function parseAzurePerMinute(file: TraceText): BinnedTrace {
  const columns = readHeader(file, AZURE_COLUMNS);
  const minutes = columns.length - AZURE_COLUMNS.length;
  if (minutes === 0) throw badLine(file, 1, "the header has no minutes (columns 1, 2, …)");
  columns.slice(AZURE_COLUMNS.length).forEach((column, i) => {
    if (column !== String(i + 1))
      throw badLine(file, 1, `the column of minute ${i + 1} has the name ${quoted(column)}`);
  });

  const counts = new Array<number>(minutes).fill(0);
  const matches = new Set<string>();
  let row = 0;
  for (const { line, cells } of csvRows(file, columns.length)) {
    row++;
    if (!isSelected(file.selection, row, cells[2]!)) continue;
    matches.add(cells.slice(0, 3).join("/"));
    for (let minute = 0; minute < minutes; minute++) {
      counts[minute]! += readCount(file, line, `minute ${minute + 1}`, cells[AZURE_COLUMNS.length + minute]!);
    }
  }
  if (file.selection !== null) checkSelection(file, matches.size, row);
  return { kind: "binned", format: "azure-per-minute", name: file.name, binSeconds: 60, counts };
}

/** The owner of each function, row by row. */
export function azureOwners(file: TraceText): string[] {
  const columns = readHeader(file, AZURE_COLUMNS);
  return Array.from(csvRows(file, columns.length), ({ cells }) => cells[0]!);
}

const ROW = /^row=(\d+)$/;

function isSelected(selection: string | null, row: number, hash: string): boolean {
  if (selection === null) return true;
  const byRow = ROW.exec(selection);
  return byRow ? row === Number(byRow[1]) : hash.startsWith(selection);
}

function checkSelection(file: TraceText, matches: number, rows: number): void {
  if (matches === 1) return;
  throw new BadInputError(
    `${file.name}: '#${file.selection}' must select one of its ${rows} functions (row=N or the start of a HashFunction), was ${matches}`,
  );
}
