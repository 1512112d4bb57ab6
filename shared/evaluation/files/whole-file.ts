/** A file that is there whole or not at all, and that never takes the place of something else. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";

import { BadInputError, messageOf } from "../../core/errors.ts";

/** Throws `BadInputError` for a file without `kind` in it: only what `command` wrote may be written over. */
export async function checkOwnFile(file: string, kind: string, command: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new BadInputError(`--out ${file}: cannot be written over (${messageOf(thrown)})`);
  });
  if (text !== null && !text.includes(`"${kind}"`)) {
    throw new BadInputError(`--out ${file}: is no earlier result of ${command}, so it is left alone`);
  }
}

/** Written beside and renamed. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    await writeFile(aside, text, { flag: "wx" });
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}
