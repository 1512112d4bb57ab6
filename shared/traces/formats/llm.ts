/** Azure LLM inference 2023: a row per request with its wall-clock instant; the work is the tokens that it made. */
import type { InstantTrace } from "../trace.ts";
import { csvRows, readHeader } from "./csv.ts";
import { instantTrace } from "./instants.ts";
import { badLine, quoted, readCount, refuseSelection, type TraceText } from "./trace-file.ts";

/** The columns of Azure's traces of LLM inference. */
export const LLM_COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"] as const;

/** Instants count from the earliest request. */
export function parseLlm(file: TraceText): InstantTrace {
  refuseSelection(file);
  const columns = readHeader(file, LLM_COLUMNS);
  const instants: number[] = [];
  const tokens: number[] = [];
  let earliest = Infinity;
  let originMs: number | null = null;
  for (const { line, cells } of csvRows(file, columns.length)) {
    const { wholeMs, fractionSeconds } = readTimestamp(file, line, cells[0]!);
    originMs ??= wholeMs;
    // Whole seconds are subtracted before the fraction is added: seconds since 1970 would cost the last digits.
    const seconds = (wholeMs - originMs) / 1_000 + fractionSeconds;
    earliest = Math.min(earliest, seconds);
    instants.push(seconds);
    tokens.push(readCount(file, line, "GeneratedTokens", cells[2]!));
  }
  const fromFirst = instants.map((seconds) => seconds - earliest);
  return instantTrace("llm", file.name, fromFirst, tokens);
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|\+00:00)?$/;

/** `2023-11-16 18:15:46.6805900`, read as UTC; any number of digits of a second. */
function readTimestamp(file: TraceText, line: number, value: string): { wholeMs: number; fractionSeconds: number } {
  const [, year, month, day, hour, minute, second, fraction] = TIMESTAMP.exec(value) ?? [];
  const wholeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(wholeMs)) {
    throw badLine(file, line, `TIMESTAMP must be like '2023-11-16 18:15:46.68', was ${quoted(value)}`);
  }
  return { wholeMs, fractionSeconds: Number(fraction ?? 0) };
}
