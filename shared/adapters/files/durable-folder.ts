/**
 * Folders of files that are there completely or not at all. A folder cannot be renamed over another that is not empty: while
 * one is replaced, the one before stands in for it under a second name, which readers must know (`standInOf`).
 */
import { basename, dirname, join } from "node:path";

import {
  asideOf,
  endRemoval,
  isAside,
  makeFolderDurably,
  quietly,
  writeSynced,
  type WriteOptions,
} from "./durable-file.ts";
import type { Files } from "./files.ts";

const STAND_IN = ".before-";

/** Where the folder before is to be found when there is none at `path`: what a death in the middle of a replacement leaves. */
export function standInOf(path: string): string {
  return join(dirname(path), `${STAND_IN}${basename(path)}`);
}

/** Makes or replaces the folder `path` by one with these files; it rejects with everything as it was. */
export async function replaceFolder(
  files: Files,
  path: string,
  content: Readonly<Record<string, Uint8Array>>,
  { mode, folderMode = 0o700 }: WriteOptions = {},
): Promise<void> {
  const parent = dirname(path);
  await makeFolderDurably(files, parent, folderMode);
  await settle(files, path);
  const aside = asideOf(path);
  try {
    await files.makeFolder(aside, folderMode);
    for (const [name, bytes] of Object.entries(content)) await writeSynced(files, join(aside, name), bytes, mode);
    await files.syncFolder(aside);
    const hasBefore = await files.exists(path);
    if (hasBefore) await files.rename(path, standInOf(path));
    try {
      await files.rename(aside, path);
      try {
        await files.syncFolder(parent);
      } catch (thrown) {
        await quietly(files.rename(path, aside));
        throw thrown;
      }
    } catch (thrown) {
      // The caller receives an error, so nothing may have changed.
      if (hasBefore) await quietly(files.rename(standInOf(path), path));
      throw thrown;
    }
    if (hasBefore) await quietly(discard(files, standInOf(path)));
  } catch (thrown) {
    await quietly(files.remove(aside));
    throw thrown;
  }
}

/** Nothing happens when there is no such folder; it rejects with the folder still there. */
export async function removeFolder(files: Files, path: string): Promise<void> {
  await settle(files, path);
  if (!(await files.exists(path))) return;
  const aside = asideOf(path);
  await files.rename(path, aside);
  await endRemoval(files, path, aside);
}

const tidied = new WeakMap<Files, Map<string, Promise<void>>>();

/** Before the first write of this process there: removes what deaths have left. `formerly`: names that it had in other versions. */
export function tidyOnce(files: Files, folder: string, formerly: RegExp): Promise<void> {
  const known = tidied.get(files) ?? new Map<string, Promise<void>>();
  tidied.set(files, known);
  const done = known.get(folder) ?? quietly(tidy(files, folder, formerly));
  known.set(folder, done);
  return done;
}

async function tidy(files: Files, folder: string, formerly: RegExp): Promise<void> {
  const names = await files.list(folder);
  for (const name of names) {
    const isStale = name.startsWith(STAND_IN) && names.includes(name.slice(STAND_IN.length));
    if (isStale || isAside(name) || formerly.test(name)) await quietly(discard(files, join(folder, name)));
  }
}

/** After a death in the middle: the stand-in takes its place again, or is not needed any more. */
async function settle(files: Files, path: string): Promise<void> {
  if (!(await files.exists(standInOf(path)))) return;
  if (await files.exists(path)) await discard(files, standInOf(path));
  else await files.rename(standInOf(path), path);
}

/** Renamed first: nobody finds half of it under its name. */
async function discard(files: Files, path: string): Promise<void> {
  const aside = asideOf(path);
  await files.rename(path, aside);
  await files.remove(aside);
}
