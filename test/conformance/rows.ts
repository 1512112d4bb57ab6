/** Reads a table of rows that stands beside the tests. */
import { readFileSync } from "node:fs";

/** Trusts the file, which is ours; a row that does not fit fails its test. */
export function readTable<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as T;
}
