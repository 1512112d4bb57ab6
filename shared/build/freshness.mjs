/** Is what was built still what the sources say? By time stamps, as make does. */
import { readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

const STAMP = ".built";

/**
 * The newest change below these files and folders, milliseconds.
 * @param {readonly string[]} paths
 * @returns {Promise<number>}
 */
export async function newestChangeMs(paths) {
  let newest = 0;
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    newest = Math.max(newest, found.mtimeMs);
    if (!found.isDirectory()) continue;
    const entries = await readdir(path, { withFileTypes: true });
    newest = Math.max(newest, await newestChangeMs(entries.map((entry) => join(path, entry.name))));
  }
  return newest;
}

/**
 * @param {string} folder
 * @param {number} changedMs
 */
export async function isFresh(folder, changedMs) {
  const stamp = await stat(join(folder, STAMP)).catch(() => null);
  return stamp !== null && stamp.mtimeMs >= changedMs;
}

/**
 * Notes that the folder was built from sources as they were at `changedMs`: what changes during a build is newer.
 * @param {string} folder
 * @param {number} changedMs
 */
export async function stampFresh(folder, changedMs) {
  const path = join(folder, STAMP);
  await writeFile(path, "");
  await utimes(path, new Date(changedMs + 1), new Date(changedMs + 1));
}
