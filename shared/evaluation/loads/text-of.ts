/** The text of a file, or one sentence. */
import { readFile } from "node:fs/promises";

import { BadInputError, messageOf } from "../../core/errors.ts";

/** Throws `BadInputError`. */
export async function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch((thrown: unknown) => {
    throw new BadInputError(`${path}: cannot be read (${messageOf(thrown)})`);
  });
}
