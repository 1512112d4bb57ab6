/** Paths at which there may be nothing: absence is an answer. */
import { readFileSync, statSync } from "node:fs";

/** False for files and for what is not there. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The file's text without surrounding white space; null where it cannot be read. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
