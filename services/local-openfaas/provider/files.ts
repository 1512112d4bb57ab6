/** Text files of the platform's home, and of the kernel. */
import { readFile } from "node:fs/promises";
import { errnoOf } from "#shared/adapters/files/files.ts";

/** Undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
