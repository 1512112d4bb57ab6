/** Reads a table of rows of `test/conformance`. */
import { readFileSync } from "node:fs";

/** Trusts the file, which is ours; a row that does not fit fails its test. */
export function readTable<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../conformance/${file}`, import.meta.url), "utf8")) as T;
}
