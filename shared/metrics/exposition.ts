/**
 * Reads the Prometheus text format, version 0.0.4: `# HELP`, `# TYPE`, and `name{label="value"} number [timestamp]`.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { BadInputError } from "../core/errors.ts";
import { seriesId, type SeriesId } from "./series-id.ts";

/** One line of an exposition: a series and its value. */
export interface Sample {
  readonly series: SeriesId;
  /** May be NaN or ±Infinity: the format allows both. */
  readonly value: number;
  /** Milliseconds since the epoch where the line gives it, else null: the instant of the scrape counts. */
  readonly timestampMs: number | null;
}

/** The types that a `# TYPE` line may give. */
const METRIC_TYPES: readonly string[] = ["counter", "gauge", "histogram", "summary", "untyped"];

/** Reads the samples of a scrape's text. Throws `BadInputError` with the line's number for a line that cannot be read. */
export type ExpositionParser = (text: string) => readonly Sample[];

/** Texts of series remembered between scrapes; more than this are forgotten at once (replicas come and go). */
const REMEMBERED_SERIES = 50_000;

/**
 * Makes a parser that remembers the series it has seen, so that the next scrape of the same endpoint reads numbers only.
 * The parser throws `BadInputError` with the line's number for a line that cannot be read.
 */
export function expositionParser(): ExpositionParser {
  const seen = new Map<string, SeriesId>();
  return (text) => {
    if (seen.size > REMEMBERED_SERIES) seen.clear();
    return parse(text, seen);
  };
}

/** Reads one text on its own. Throws like `expositionParser`. */
export function parseExposition(text: string): readonly Sample[] {
  return parse(text, new Map());
}

function parse(text: string, seen: Map<string, SeriesId>): readonly Sample[] {
  const samples: Sample[] = [];
  let lineNumber = 0;
  for (let start = 0; start < text.length;) {
    lineNumber++;
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const line = text.slice(start, end).trim();
    start = end + 1;
    if (line === "") continue;
    if (line.charCodeAt(0) === 35 /* # */) checkComment(line, lineNumber);
    else samples.push(readSample(line, lineNumber, seen));
  }
  return samples;
}

function readSample(line: string, lineNumber: number, seen: Map<string, SeriesId>): Sample {
  // Neither number nor timestamp can hold a brace, so the last one ends the labels, whatever is inside quotes.
  const brace = line.lastIndexOf("}");
  const headEnd = brace >= 0 ? brace + 1 : blankAfter(line);
  const head = line.slice(0, headEnd);
  let series = seen.get(head);
  if (!series) {
    series = readSeries(head, line, lineNumber);
    seen.set(head, series);
  }
  const tail = line.slice(headEnd).trim();
  const gap = blankAfter(tail);
  const value = readNumber(tail.slice(0, gap));
  if (value === null) throw bad(lineNumber, "needs a number after the series", line);
  const stamp = tail.slice(gap).trim();
  if (stamp === "") return { series, value, timestampMs: null };
  if (!/^[+-]?\d+$/.test(stamp)) throw bad(lineNumber, "needs a whole number of milliseconds as timestamp", line);
  return { series, value, timestampMs: Number(stamp) };
}

/** Index of the first blank or tab, or the length. */
function blankAfter(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 32 || code === 9) return i;
  }
  return text.length;
}

/** Go's spellings of the values that are not finite, too; null when it is no number. */
function readNumber(text: string): number | null {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  return null;
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** One label and what follows it: `name="value"`, then a comma or nothing. Sticky: read where the last one ended. */
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,[ \t]*)?/y;

function readSeries(head: string, line: string, lineNumber: number): SeriesId {
  const open = head.indexOf("{");
  const name = (open < 0 ? head : head.slice(0, open)).trim();
  if (!METRIC_NAME.test(name)) throw bad(lineNumber, "must begin with a metric name", line);
  if (open < 0) return seriesId(name);

  const inside = head.slice(open + 1, -1);
  const labels = Object.create(null) as Record<string, string>;
  let at = 0;
  let separated = true;
  while (inside.slice(at).trim() !== "") {
    LABEL.lastIndex = at;
    const found = LABEL.exec(inside);
    if (!found || !separated) throw bad(lineNumber, 'needs labels as name="value", separated by commas', line);
    const label = found[1]!;
    if (label in labels) throw bad(lineNumber, `gives the label '${label}' twice`, line);
    labels[label] = unescape(found[2]!);
    separated = found[3] !== undefined;
    at = LABEL.lastIndex;
  }
  return seriesId(name, labels);
}

/** `\\`, `\"` and `\n` are escapes; any other backslash is literal. */
function unescape(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\\"n])/g, (_all, sign: string) => (sign === "n" ? "\n" : sign)) : text;
}

/** Comments say nothing of the samples, but a broken `# TYPE` line is no exposition. */
function checkComment(line: string, lineNumber: number): void {
  const match = /^#[ \t]+TYPE(?:[ \t]+(\S+))?(?:[ \t]+(\S+))?[ \t]*$/.exec(line);
  if (!match || METRIC_TYPES.includes(match[2] ?? "")) return;
  throw bad(lineNumber, `needs a name and one of ${METRIC_TYPES.join(", ")} after TYPE`, line);
}

function bad(lineNumber: number, want: string, line: string): BadInputError {
  const shown = line.length > 120 ? `${line.slice(0, 117)}...` : line;
  return new BadInputError(`metrics, line ${lineNumber}: ${want}, was: '${shown}'`);
}
