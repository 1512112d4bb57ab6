/** This machine's file system. */
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";

import { errnoOf, type Files, type OpenFile } from "./files.ts";

/** `Files` on the file system of this machine. */
export const nodeFiles: Files = {
  makeFolder: (path, mode) => mkdir(path, { recursive: true, mode }),
  list: (folder) => unlessMissing(readdir(folder), []).then((names) => [...names].sort()),
  read: (path) => unlessMissing<Uint8Array | undefined>(readFile(path), undefined),
  exists: (path) =>
    unlessMissing(
      lstat(path).then(() => true),
      false,
    ),
  create: async (path, mode) => openFile(await open(path, "wx", mode)),
  openAtEnd: async (path, mode) => openFile(await open(path, "a", mode)),
  rename,
  link,
  remove: (path) => rm(path, { recursive: true, force: true }),
  async syncFolder(path) {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } catch (thrown) {
      // Some file systems have no such operation for folders; then there is nothing that could be waited for.
      if (!["EINVAL", "ENOTSUP", "EISDIR", "EPERM"].includes(errnoOf(thrown) ?? "")) throw thrown;
    } finally {
      await folder.close();
    }
  },
};

function openFile(handle: FileHandle): OpenFile {
  return {
    sizeBytes: async () => (await handle.stat()).size,
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

async function unlessMissing<T>(found: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await found;
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return otherwise;
    throw thrown;
  }
}
