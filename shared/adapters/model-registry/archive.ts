/** The files of a checkpoint as one piece of bytes: a line of JSON that says what follows, then the files. */
import { createHash } from "node:crypto";

import { BadInputError } from "../../core/errors.ts";
import type { ModelFiles } from "../../ports/model-store.ts";

const NEWLINE = 10;
/** Names and sizes of four files take a few hundred bytes. */
const MAX_HEADER_BYTES = 4_096;

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

/** SHA-256, hexadecimal; the same files give the same digest. */
export function digestOf(files: ModelFiles): string {
  return createHash("sha256").update(packed(files)).digest("hex");
}

/** The part of a digest that distinguishes versions of a model, in proposals and on screens. */
export function versionOf(digest: string): string {
  return digest.slice(0, 12);
}

/** The archive: a header line of names and sizes, then the files' bytes in the order of their names. */
export function packed(files: ModelFiles): Uint8Array {
  const names = Object.keys(files).sort();
  const header: Entry[] = names.map((name) => ({ name, bytes: files[name]!.length }));
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...names.map((name) => files[name]!)]);
}

/** Throws `BadInputError` for bytes that are no such archive. */
export function unpacked(what: string, bytes: Uint8Array): ModelFiles {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEWLINE);
  const entries = end < 0 ? null : entriesOf(Buffer.from(bytes.subarray(0, end)).toString("utf8"));
  if (entries === null) throw new BadInputError(`${what}: is no archive of a checkpoint`);
  const wanted = end + 1 + entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (bytes.length !== wanted) throw new BadInputError(`${what}: must have ${wanted} bytes, had: '${bytes.length}'`);
  const files: Record<string, Uint8Array> = {};
  let at = end + 1;
  for (const entry of entries) {
    files[entry.name] = bytes.slice(at, at + entry.bytes);
    at += entry.bytes;
  }
  return files;
}

function entriesOf(text: string): readonly Entry[] | null {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return null;
  }
  const isEntry = (one: Partial<Entry> | null) =>
    typeof one?.name === "string" && /^[\w.-]+$/.test(one.name) && Number.isInteger(one.bytes) && one.bytes! >= 0;
  return Array.isArray(header) && header.every(isEntry) ? (header as Entry[]) : null;
}
