/** Whether a path names a folder; what is not there is none. */
import { statSync } from "node:fs";

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
