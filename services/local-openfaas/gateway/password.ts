/** The admin's password: made once per home, in a file that only its owner can read. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BadInputError } from "#shared/core/errors.ts";

export const userName = "admin";

export async function readOrMakePassword(home: string): Promise<string> {
  const file = join(home, "basic-auth-password");
  await mkdir(home, { recursive: true, mode: 0o700 });
  try {
    // `wx`: of two that start together in a new home, one makes the password and both read it.
    await writeFile(file, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  // An older umask, a copy or a backup may have opened them.
  await chmod(home, 0o700);
  await chmod(file, 0o600);
  const password = (await readFile(file, "utf8")).trim();
  if (password === "") throw new BadInputError(`the password file ${file} is empty: remove it to have a new one made`);
  return password;
}
