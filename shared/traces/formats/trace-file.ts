/** The text of a trace file with its name, and the sentences that say what is wrong with it. */
import { BadInputError } from "../../core/errors.ts";

/** The text of a trace file, with the names that messages give it. */
export interface TraceText {
  /** As the person named it; error sentences begin with it. */
  readonly name: string;
  readonly text: string;
  /** What follows `#` in the name: which part of the file to take; null = all of it. */
  readonly selection: string | null;
}

/** `<file>, line <n>: <what>`; the line is 1-based. */
export function badLine(file: Pick<TraceText, "name">, line: number, what: string): BadInputError {
  return new BadInputError(`${file.name}, line ${line}: ${what}`);
}

/** The value as written in the file, cut to a length that fits a sentence. */
export function quoted(value: string): string {
  return `'${value.length > 40 ? `${value.slice(0, 39)}…` : value}'`;
}

const WHOLE = /^\d+(\.0*)?$/;
const NUMBER = /^-?\d+(\.\d*)?([eE][+-]?\d+)?$/;

/** A whole number of at least 0. Spreadsheets write `3.0`; that is whole. */
export function readCount(file: TraceText, line: number, field: string, value: string): number {
  const count = Number(value);
  if (WHOLE.test(value) && Number.isSafeInteger(count)) return count;
  throw badLine(file, line, `${field} must be a whole number of at least 0, was ${quoted(value)}`);
}

/** A finite number of at least 0. */
export function readAmount(file: TraceText, line: number, field: string, value: string): number {
  const amount = Number(value);
  if (NUMBER.test(value) && amount >= 0 && amount < Infinity) return amount;
  throw badLine(file, line, `${field} must be a number of at least 0, was ${quoted(value)}`);
}

/** For formats that hold one trace only. */
export function refuseSelection(file: TraceText): void {
  if (file.selection !== null) {
    throw new BadInputError(`${file.name}: holds one trace only, so '#${file.selection}' selects nothing`);
  }
}
