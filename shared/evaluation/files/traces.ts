/** Traces as an evaluation takes them: loaded once, known by the digest of their file. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { BadInputError } from "../../core/errors.ts";
import { traceInvocations, traceSeconds, type Trace, type TraceFormat } from "../../traces/trace.ts";
import { loadTrace, splitReference } from "../../traces/load-trace.ts";

/** Which data: two traces share data when their file is the same and their selections can meet. */
export interface TraceIdentity {
  /** As the person named it. */
  readonly name: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly digest: string;
  /** What follows `#`, without `boosted`: that is a rule, not other data. Null: all of the file. */
  readonly selection: string | null;
}

/** A trace that was read, with what identifies it. */
export interface NamedTrace extends TraceIdentity {
  readonly trace: Trace;
  /** Data that it was made of, where it is no file of its own. */
  readonly madeOf?: readonly TraceIdentity[];
}

/** What a result says about a trace. */
export interface TraceSummary extends TraceIdentity {
  readonly format: TraceFormat;
  readonly durationSeconds: number;
  readonly invocations: number;
}

/** Throws `BadInputError` for a trace that cannot be used, or is named twice. */
export async function loadNamedTraces(
  references: readonly string[],
  format: TraceFormat | undefined,
): Promise<NamedTrace[]> {
  const twice = references.find((reference, i) => references.indexOf(reference) !== i);
  if (twice !== undefined) throw new BadInputError(`trace '${twice}' is named twice`);
  return Promise.all(references.map((reference) => loadNamedTrace(reference, format)));
}

async function loadNamedTrace(reference: string, format: TraceFormat | undefined): Promise<NamedTrace> {
  const trace = await loadTrace(reference, { format });
  if (!(traceSeconds(trace) > 0)) throw new BadInputError(`${reference}: the trace has no length`);
  if (traceInvocations(trace) === 0) throw new BadInputError(`${reference}: the trace holds no request at all`);
  const { path, selection } = splitReference(reference);
  return { name: reference, digest: await digestOfFile(path), selection: dataSelection(selection), trace };
}

/** The SHA-256 of a file, hexadecimal. Rejects where it cannot be read. */
export async function digestOfFile(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

/** What results say of a trace. */
export function summaryOf({ name, digest, selection, trace }: NamedTrace): TraceSummary {
  return {
    name,
    digest,
    selection,
    format: trace.format,
    durationSeconds: traceSeconds(trace),
    invocations: traceInvocations(trace),
  };
}

/** The selection without `boosted`, which is the same data; null: the whole file. */
export function dataSelection(selection: string | null): string | null {
  return selection === null || selection === "boosted" ? null : selection.replace(/\+boosted$/, "");
}

/** The trace itself, and what it was made of. */
export function dataOf({ name, digest, selection, madeOf = [] }: Omit<NamedTrace, "trace">): TraceIdentity[] {
  return [{ name, digest, selection }, ...madeOf];
}

/** All of a file meets each of its parts. */
export function sharesData(a: TraceIdentity, b: TraceIdentity): boolean {
  return a.digest === b.digest && (a.selection === null || b.selection === null || a.selection === b.selection);
}
