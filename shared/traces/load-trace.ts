/** Trace files from disk: `<file>` or `<file>#<selection>`. */
import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";

import { BadInputError, messageOf } from "../core/errors.ts";
import type { Trace } from "./trace.ts";
import { parseTrace, type ParseOptions } from "./formats/parse-trace.ts";

/** A day of all of Azure is 140 MB; what is larger is a mistake. */
export const MAX_TRACE_BYTES = 256 * 2 ** 20;

/** How `loadTrace` reads a file. */
export interface LoadTraceOptions extends ParseOptions {
  /** Refuses larger files. */
  readonly maxBytes?: number;
}

/** Reads a trace; throws `BadInputError` with one sentence when the file is missing, too large, no text, or broken. */
export async function loadTrace(reference: string, options: LoadTraceOptions = {}): Promise<Trace> {
  const { path, selection } = splitReference(reference);
  const bytes = await readBounded(path, options.maxBytes ?? MAX_TRACE_BYTES);
  if (!isUtf8(bytes)) throw new BadInputError(`${path}: is not UTF-8 text`);
  // A byte order mark is UTF-8, but no part of any format.
  return parseTrace(path, bytes.toString("utf8").replace(/^\uFEFF/, ""), selection, options);
}

/** The selection is what follows the last `#`. */
export function splitReference(reference: string): { readonly path: string; readonly selection: string | null } {
  const hash = reference.lastIndexOf("#");
  if (hash < 0) return { path: reference, selection: null };
  const selection = reference.slice(hash + 1);
  if (selection === "") throw new BadInputError(`trace '${reference}': nothing follows '#'`);
  return { path: reference.slice(0, hash), selection };
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new BadInputError(`${path}: is not a file`);
    if (found.size > maxBytes) throw new BadInputError(`${path}: must be at most ${maxBytes} bytes, was ${found.size}`);
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof BadInputError) throw thrown;
    throw new BadInputError(`${path}: cannot be read (${reasonOf(thrown)})`);
  }
}

function reasonOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  return messageOf(thrown);
}
