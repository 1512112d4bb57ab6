/** Plain CSV (no quotes, as all known trace files are): a header, then rows of as many columns. */
import { BadInputError } from "../../core/errors.ts";
import { badLine, quoted, type TraceText } from "./trace-file.ts";

/** A row of a CSV file with its line number, for messages. */
export interface CsvRow {
  /** 1-based line in the file. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Lines that hold something, one at a time: a 200 MB file must not become an array of lines. */
export function* filledLines(text: string): Generator<{ readonly line: number; readonly content: string }> {
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(start, end).trim();
    if (content !== "") yield { line, content };
    start = end + 1;
  }
}

/** The header's column names; `BadInputError` when they do not begin with `columns`. */
export function readHeader(file: TraceText, columns: readonly string[]): readonly string[] {
  for (const { line, content } of filledLines(file.text)) {
    const names = split(content);
    columns.forEach((column, i) => {
      if (names[i] !== column) {
        throw badLine(file, line, `column ${i + 1} must be ${column}, was ${names[i] ? quoted(names[i]) : "missing"}`);
      }
    });
    return names;
  }
  throw new BadInputError(`${file.name}: the file is empty`);
}

/** The rows after the header; a row with another number of columns is broken. */
export function* csvRows(file: TraceText, columns: number): Generator<CsvRow> {
  let isHeader = true;
  let rows = 0;
  for (const { line, content } of filledLines(file.text)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    const cells = split(content);
    if (cells.length !== columns) {
      throw badLine(file, line, `a row must have ${columns} columns, was ${cells.length} (${quoted(content)})`);
    }
    rows++;
    yield { line, cells };
  }
  if (rows === 0) throw new BadInputError(`${file.name}: has a header but no rows`);
}

function split(content: string): string[] {
  return content.split(",").map((cell) => cell.trim());
}
