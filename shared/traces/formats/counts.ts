/** A JSON array of counts per 30 s: `[2, 3, 2, …]`. */
import { BadInputError } from "../../core/errors.ts";
import type { BinnedTrace } from "../trace.ts";
import { badLine, quoted, readCount, refuseSelection, type TraceText } from "./trace-file.ts";

/** The bin length of a plain list of counts, seconds. */
export const COUNTS_BIN_SECONDS = 30;

/** Reads the array value by value, so that a bad one is named with its line and its place. */
export function parseCounts(file: TraceText): BinnedTrace {
  refuseSelection(file);
  const counts = readArray(file);
  if (counts.length === 0) throw new BadInputError(`${file.name}: the array is empty`);
  return { kind: "binned", format: "counts-30s", name: file.name, binSeconds: COUNTS_BIN_SECONDS, counts };
}

function readArray(file: TraceText): number[] {
  const { text } = file;
  const counts: number[] = [];
  let line = 1;
  let at = 0;
  const skipSpace = () => {
    for (; at < text.length && /\s/.test(text[at]!); at++) if (text[at] === "\n") line++;
  };
  const readValue = () => {
    const start = at;
    while (at < text.length && !/[,\]\s]/.test(text[at]!)) at++;
    return text.slice(start, at);
  };
  const expect = (allowed: string, what: string) => {
    skipSpace();
    const found = text[at] ?? "";
    if (found === "" || !allowed.includes(found))
      throw badLine(file, line, `${what}, was ${found ? quoted(found) : "the end"}`);
    at++;
    return found;
  };

  expect("[", "counts must begin with '['");
  skipSpace();
  let closed = text[at] === "]";
  if (closed) at++;
  while (!closed) {
    skipSpace();
    counts.push(readCount(file, line, `count ${counts.length + 1}`, readValue()));
    closed = expect(",]", `count ${counts.length} must be followed by ',' or ']'`) === "]";
  }
  skipSpace();
  if (at < text.length)
    throw badLine(file, line, `nothing may follow the array, was ${quoted(text.slice(at, at + 20))}`);
  return counts;
}
