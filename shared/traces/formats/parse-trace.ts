/** Text of any known format to a trace; the format shows in how the file begins. */
import { BadInputError } from "../../core/errors.ts";
import { boostCounts, type Trace, TRACE_FORMATS, type TraceFormat } from "../trace.ts";
import { AZURE_COLUMNS, parseAzurePerMinute } from "./azure-per-minute.ts";
import { parseCounts } from "./counts.ts";
import { COUNTS_BINNED_BEGINNING, parseCountsBinned } from "./counts-binned.ts";
import { FAASRAIL_COLUMNS, parseFaasRail } from "./faasrail.ts";
import { LLM_COLUMNS, parseLlm } from "./llm.ts";
import { parsePerInvocation, PER_INVOCATION_COLUMNS } from "./per-invocation.ts";
import { parseServiBench, SERVIBENCH_COLUMNS } from "./servibench.ts";
import { quoted, type TraceText } from "./trace-file.ts";

interface Format {
  readonly beginsWith: string | RegExp;
  readonly parse: (file: TraceText) => Trace;
}

const FORMATS: Readonly<Record<TraceFormat, Format>> = {
  "counts-30s": { beginsWith: "[", parse: parseCounts },
  "counts-binned": { beginsWith: COUNTS_BINNED_BEGINNING, parse: parseCountsBinned },
  "azure-per-minute": { beginsWith: AZURE_COLUMNS.join(","), parse: parseAzurePerMinute },
  "per-invocation": { beginsWith: PER_INVOCATION_COLUMNS.join(","), parse: parsePerInvocation },
  servibench: { beginsWith: SERVIBENCH_COLUMNS.join(","), parse: parseServiBench },
  llm: { beginsWith: LLM_COLUMNS.join(","), parse: parseLlm },
  faasrail: { beginsWith: FAASRAIL_COLUMNS.join(","), parse: parseFaasRail },
};

/** The suffix that applies the boost rule: `file#boosted`, or `file#<selection>+boosted`. */
const BOOSTED = "boosted";

/** How `parseTrace` reads a text. */
export interface ParseOptions {
  /** Overrides detection. */
  readonly format?: TraceFormat | undefined;
}

/**
 * Reads a trace from text. `selection` names a part of files that hold several (each format's file says how) and may end
 * in `boosted`. Throws `BadInputError`: one sentence with file, line, field and value.
 */
export function parseTrace(name: string, text: string, selection: string | null, options: ParseOptions = {}): Trace {
  if (text.trim() === "") throw new BadInputError(`${name}: the file is empty`);
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw new BadInputError(
      `${name}, line ${text.slice(0, nul).split("\n").length}: has a NUL byte, so it is no text file`,
    );
  }
  const { part, boosted } = splitSelection(selection);
  const parsed = FORMATS[options.format ?? detectFormat(name, text)].parse({ name, text, selection: part });
  const label = selection === null ? name : `${name}#${selection}`;
  if (!boosted) return { ...parsed, name: label };
  if (parsed.kind !== "binned")
    throw new BadInputError(`${name}: '#${BOOSTED}' needs counts per bin, and this has single arrivals`);
  return { ...parsed, name: label, counts: boostCounts(parsed.counts) };
}

/** Throws `BadInputError` when the beginning is that of no known format. */
export function detectFormat(name: string, text: string): TraceFormat {
  const beginning = text.trimStart();
  const found = TRACE_FORMATS.find((format) => {
    const { beginsWith } = FORMATS[format];
    return typeof beginsWith === "string" ? beginning.startsWith(beginsWith) : beginsWith.test(beginning);
  });
  if (found) return found;
  const firstLine = beginning.slice(0, 200).split(/\r?\n/)[0]!;
  throw new BadInputError(
    `${name}, line 1: must begin like one of the formats ${TRACE_FORMATS.join(", ")}, was ${quoted(firstLine)}`,
  );
}

function splitSelection(selection: string | null): { part: string | null; boosted: boolean } {
  if (selection === null) return { part: null, boosted: false };
  if (selection === BOOSTED) return { part: null, boosted: true };
  const suffix = `+${BOOSTED}`;
  if (!selection.endsWith(suffix)) return { part: selection, boosted: false };
  return { part: selection.slice(0, -suffix.length), boosted: true };
}
