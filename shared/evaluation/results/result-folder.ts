/** A folder of results that is there whole or not at all: written aside, then renamed. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { BadInputError, messageOf } from "../../core/errors.ts";

/** What an evaluation writes; a folder that holds nothing else may be replaced. */
const RESULT_FILES = ["results.json", "results.csv", "report.html"] as const;

/** Throws `BadInputError` for a folder that holds other things, before anything is computed. */
export async function checkResultFolder(folder: string): Promise<void> {
  const found = await entriesOf(folder);
  if (found === null) return;
  const isEarlierResult = found.includes("results.json");
  const foreign = found.find((name) => !(RESULT_FILES as readonly string[]).includes(name));
  if (found.length > 0 && (foreign !== undefined || !isEarlierResult)) {
    const names = foreign ?? found[0]!;
    throw new BadInputError(`--out ${folder}: holds '${names}', which is no earlier result, so it is left alone`);
  }
}

/** Puts the files into place; an earlier result goes only when the new one is whole. */
export async function writeResultFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const target = resolve(folder);
  const aside = join(dirname(target), `.${basename(target)}.${randomUUID().slice(0, 8)}`);
  try {
    await mkdir(aside, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(aside, name), text);
    await checkResultFolder(folder);
    await moveAway(target, `${aside}.old`);
    await rename(aside, target);
  } finally {
    await rm(aside, { recursive: true, force: true });
    await rm(`${aside}.old`, { recursive: true, force: true });
  }
}

async function moveAway(target: string, away: string): Promise<void> {
  const found = await entriesOf(target);
  if (found === null) return;
  if (found.length === 0) await rmdir(target);
  else await rename(target, away);
}

/** Names in the folder; null when there is none. */
async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    if (!(await stat(folder)).isDirectory()) throw new BadInputError(`--out ${folder}: is not a folder`);
    return await readdir(folder);
  } catch (thrown) {
    if (thrown instanceof BadInputError) throw thrown;
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new BadInputError(`--out ${folder}: cannot be read (${messageOf(thrown)})`);
  }
}
