/** The admin's password: made once per home, in a file that only its owner can read. */
import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { createFile, makeFolderDurably } from "#shared/adapters/files/durable-file.ts";
import { errnoOf, type Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { BadInputError } from "#shared/core/errors.ts";

/** The one user of the platform. */
export const userName = "admin";

/** Throws `BadInputError` for an empty file, `StorageError` when a new one cannot be written; nothing is left then. */
export async function readOrMakePassword(home: string, files: Files = nodeFiles, close = closed): Promise<string> {
  const file = join(home, "basic-auth-password");
  await stored("the password could not be stored", async () => {
    await makeFolderDurably(files, home);
    // Of two that start together in a new home, one makes the password and both read it.
    await createFile(files, file, randomBytes(24).toString("base64url"));
  });
  // An older umask, a copy or a backup may have opened them.
  await close(home, 0o700);
  await close(file, 0o600);
  const bytes = await files.read(file);
  const password = bytes ? Buffer.from(bytes).toString().trim() : "";
  if (password === "") throw new BadInputError(`the password file ${file} is empty: remove it to have a new one made`);
  return password;
}

async function closed(path: string, mode: number): Promise<void> {
  try {
    await chmod(path, mode);
  } catch (thrown) {
    // A file system that cannot be written keeps what it has.
    if (errnoOf(thrown) !== "EROFS") throw thrown;
  }
}
