/** The keys that calls are signed with, a line each: the first signs, each verifies. Read anew when the file changes. */
import { statSync } from "node:fs";
import { join } from "node:path";

import { readSecret } from "./secrets.ts";

/** The keys as they are now; none while there has been no such file. */
export type Keyring = () => readonly string[];

/** More are a mistake: every wrong signature is held against each. */
export const MAX_KEYS = 8;

/** Keys from the text of the secret. */
export function keysOf(text: string): readonly string[] {
  const lines = text.split("\n").flatMap((line) => line.trim() || []);
  return [...new Set(lines)].slice(0, MAX_KEYS);
}

/**
 * Looks at the file whenever it is asked: one `stat`. A file that is gone, empty or half written takes no key away; the
 * last ones that were there go on.
 */
export function fileKeyring(folder: string, name: string, onChange: (count: number) => void = () => {}): Keyring {
  const path = join(folder, name);
  let state = "";
  let keys: readonly string[] = [];
  return () => {
    const found = stateOf(path);
    if (found === null || found === state) return keys;
    const read = keysOf(readSecret(folder, name) ?? "");
    if (read.length === 0) return keys;
    if (state !== "") onChange(read.length);
    state = found;
    keys = read;
    return keys;
  };
}

/** Changes whenever the file does, also where a mount swaps a link. */
function stateOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(" ");
}
