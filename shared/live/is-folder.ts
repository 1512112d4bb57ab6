/** Whether a path names a folder; what is not there is none. */
import { statSync } from "node:fs";

/** False for files and for what is not there. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
