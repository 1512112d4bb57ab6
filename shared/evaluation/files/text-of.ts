/** The text of a file, or one sentence. */
import { readFile } from "node:fs/promises";

import { BadInputError, messageOf } from "../../core/errors.ts";

/** Throws `BadInputError` with a sentence that begins with `subject`. */
export async function textOf(path: string, subject = `${path}:`): Promise<string> {
  return readFile(path, "utf8").catch((thrown: unknown) => {
    throw new BadInputError(`${subject} cannot be read (${messageOf(thrown)})`);
  });
}
