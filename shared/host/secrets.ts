/** Secrets as OpenFaaS gives them: one file each. Absence is a value. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The secret's text without surrounding white space, or null when there is no such file or nothing in it. */
export function readSecret(folder: string, name: string): string | null {
  try {
    const text = readFileSync(join(folder, name), "utf8").trim();
    return text === "" ? null : text;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}
