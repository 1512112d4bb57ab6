/**
 * Files that are either as they were or as they should be, whatever happens in between: written aside, synced, renamed, and
 * the folder synced. What resolves survives a power cut; what rejects has changed nothing (unless the disk stops taking
 * anything at all in the middle, the way back included: then the file is whole, but the old or the new one).
 */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";

import { errnoOf, type Files } from "./files.ts";

/** How a file is replaced. */
export interface WriteOptions {
  /** Default 0600. */
  readonly mode?: number;
  /** Of a folder that has to be made. Default 0700. */
  readonly folderMode?: number;
}

/** No name that a user may give begins with a dot, so that these collide with none. */
const ASIDE = ".aside-";

/** Replaces `path` by a complete file, or leaves it as it was. */
export async function replaceFile(
  files: Files,
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await makeFolderDurably(files, dirname(path), options.folderMode);
  const aside = asideOf(path);
  const before = asideOf(path);
  try {
    await writeSynced(files, aside, content, options.mode);
    const hasBefore = await linked(files, path, before);
    await files.rename(aside, path);
    try {
      await files.syncFolder(dirname(path));
    } catch (thrown) {
      // The caller receives an error, so nothing may have changed.
      await quietly(hasBefore ? files.rename(before, path) : files.remove(path));
      throw thrown;
    }
    if (hasBefore) await quietly(files.remove(before));
  } catch (thrown) {
    await quietly(files.remove(aside));
    await quietly(files.remove(before));
    throw thrown;
  }
}

/** False when there is such a file already; of several that try at the same time one succeeds, in other processes too. */
export async function createFile(
  files: Files,
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<boolean> {
  await makeFolderDurably(files, dirname(path), options.folderMode);
  if (await files.exists(path)) return false;
  const aside = asideOf(path);
  try {
    await writeSynced(files, aside, content, options.mode);
    if (!(await given(files, aside, path))) return false;
    try {
      await files.syncFolder(dirname(path));
    } catch (thrown) {
      await quietly(files.remove(path));
      throw thrown;
    }
    return true;
  } finally {
    await quietly(files.remove(aside));
  }
}

/** False when there is no such file. Rejects with the file still there. */
export async function removeFile(files: Files, path: string): Promise<boolean> {
  const aside = asideOf(path);
  try {
    await files.rename(path, aside);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return false;
    throw thrown;
  }
  await endRemoval(files, path, aside);
  return true;
}

/** What is at `path` was renamed to `aside`: that survives a power cut before it is removed. Rejects with it back at `path`. */
export async function endRemoval(files: Files, path: string, aside: string): Promise<void> {
  try {
    await files.syncFolder(dirname(path));
  } catch (thrown) {
    await quietly(files.rename(aside, path));
    throw thrown;
  }
  await quietly(files.remove(aside));
}

/** Removes what a death in the middle of a write has left. To be called while nobody else writes there. */
export async function removeLeftovers(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder)) if (isAside(name)) await quietly(files.remove(join(folder, name)));
}

/** Whether a name in a folder is a write in the middle, and no file. */
export function isAside(name: string): boolean {
  return name.startsWith(ASIDE);
}

/** Folders that this process knows to be on the disk; one that was found may be what a death has left unsynced. */
const known = new WeakMap<Files, Set<string>>();

/** Makes a folder that would survive a power cut. */
export async function makeFolderDurably(files: Files, folder: string, mode = 0o700): Promise<void> {
  const synced = known.get(files) ?? new Set();
  known.set(files, synced);
  const topmost = await files.makeFolder(folder, mode);
  if (topmost === undefined && synced.has(folder)) return;
  for (let made = folder; made !== dirname(made); made = dirname(made)) {
    await files.syncFolder(dirname(made));
    if (topmost === undefined || made === topmost) break;
  }
  synced.add(folder);
}

/** A new file with this content, synced; nothing is left of it when it cannot be written. */
export async function writeSynced(
  files: Files,
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  const file = await files.create(path, mode);
  try {
    await writeWhole(file.write, typeof content === "string" ? Buffer.from(content) : content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A disk that fills up takes a part of a write without an error, and refuses the rest. */
export async function writeWhole(write: (bytes: Uint8Array) => Promise<number>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const taken = await write(at === 0 ? bytes : bytes.subarray(at));
    if (taken <= 0) throw Object.assign(new Error("the disk took nothing of a write"), { code: "ENOSPC" });
    at += taken;
  }
}

/** A name beside `path` that is a write in the middle. */
export function asideOf(path: string): string {
  return join(dirname(path), `${ASIDE}${randomBytes(6).toString("hex")}`);
}

/** File systems without links lose only the way back, and exclusiveness between processes. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

async function linked(files: Files, path: string, before: string): Promise<boolean> {
  try {
    await files.link(path, before);
    return true;
  } catch (thrown) {
    if (["ENOENT", ...NO_LINKS].includes(errnoOf(thrown) ?? "")) return false;
    throw thrown;
  }
}

async function given(files: Files, aside: string, path: string): Promise<boolean> {
  try {
    await files.link(aside, path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === "EEXIST") return false;
    if (!NO_LINKS.includes(errnoOf(thrown) ?? "")) throw thrown;
    await files.rename(aside, path);
    return true;
  }
}

/** What is only tidying must not hide what it follows. */
export async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
