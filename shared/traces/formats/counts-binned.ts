/** Counts with the width of their bins: `{"about": "…", "binSeconds": 2, "counts": [17, 15, …]}`. */
import { BadInputError, messageOf } from "../../core/errors.ts";
import { nestsDeeperThan } from "../../core/json-depth.ts";
import type { BinnedTrace } from "../trace.ts";
import { quoted, refuseSelection, type TraceText } from "./trace-file.ts";

/** How such a file begins, which distinguishes it from other JSON. */
export const COUNTS_BINNED_BEGINNING = /^\{\s*"about"\s*:/;

const FIELDS = ["about", "binSeconds", "counts"] as const;

/** An object with a list. */
const DEPTH = 2;
/** What is more than a day in one bin is no time series. */
const MAX_BIN_SECONDS = 86_400;

/** A field too many is refused, too: it may be one that would have changed what the counts mean. */
export function parseCountsBinned(file: TraceText): BinnedTrace {
  refuseSelection(file);
  const found = parse(file);
  for (const field of Object.keys(found)) {
    if (!(FIELDS as readonly string[]).includes(field)) {
      throw new BadInputError(`${file.name}: the fields must be ${FIELDS.join(", ")}, was also ${quoted(field)}`);
    }
  }
  const { about, binSeconds, counts } = found;
  if (typeof about !== "string" || about.trim() === "") throw badField(file, "about", "a text", about);
  if (typeof binSeconds !== "number" || !(binSeconds > 0 && binSeconds <= MAX_BIN_SECONDS)) {
    throw badField(file, "binSeconds", `a number above 0, at most ${MAX_BIN_SECONDS}`, binSeconds);
  }
  if (!Array.isArray(counts) || counts.length === 0) throw badField(file, "counts", "a list with an entry", counts);
  const bad = counts.findIndex((count) => !Number.isSafeInteger(count) || (count as number) < 0);
  if (bad >= 0) throw badField(file, `counts[${bad}]`, "a whole number of at least 0", counts[bad]);
  return { kind: "binned", format: "counts-binned", name: file.name, binSeconds, counts: counts as number[] };
}

function parse(file: TraceText): Record<string, unknown> {
  if (nestsDeeperThan(file.text, DEPTH)) throw new BadInputError(`${file.name}: nests more than ${DEPTH} deep`);
  try {
    const found: unknown = JSON.parse(file.text);
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  } catch (thrown) {
    throw new BadInputError(`${file.name}: is no JSON (${messageOf(thrown)})`);
  }
  throw new BadInputError(`${file.name}: must be an object with ${FIELDS.join(", ")}`);
}

function badField(file: TraceText, field: string, must: string, was: unknown): BadInputError {
  return new BadInputError(`${file.name}: ${field} must be ${must}, was: ${quoted(JSON.stringify(was) ?? "missing")}`);
}
