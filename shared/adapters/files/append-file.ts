/** A file that grows by whole pieces: a piece is there completely and synced, or not at all. */
import { dirname } from "node:path";

import { makeFolderDurably, writeWhole } from "./durable-file.ts";
import type { Files, OpenFile } from "./files.ts";

/** Rights and durability of a file that only grows. */
export interface AppendOptions {
  /** Default 0600. */
  readonly mode?: number;
  /** Default true: `append` resolves when the piece would survive a power cut. */
  readonly sync?: boolean;
}

/** One call at a time: the owner keeps the order. */
export interface AppendFile {
  readonly sizeBytes: number;
  /** Rejects with the file as it was; the next call works again once the disk takes it. */
  append(piece: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Opens or makes it. `wholeBytes`: cut to so many first, where a death has left a part of a piece. */
export async function openAppendFile(
  files: Files,
  path: string,
  options: AppendOptions & { readonly wholeBytes?: number } = {},
): Promise<AppendFile> {
  const { mode = 0o600, sync = true, wholeBytes } = options;
  await makeFolderDurably(files, dirname(path));
  const file = await files.openAtEnd(path, mode);
  try {
    // Also where it is no new one: its maker may have died before this.
    if (sync) await files.syncFolder(dirname(path));
    return await appendFile(file, sync, wholeBytes);
  } catch (thrown) {
    await file.close().catch(() => {});
    throw thrown;
  }
}

async function appendFile(file: OpenFile, sync: boolean, wholeBytes: number | undefined): Promise<AppendFile> {
  const found = await file.sizeBytes();
  let sizeBytes = Math.min(found, wholeBytes ?? found);
  /** The file has part of a piece after the bytes that count. */
  let isDirty = sizeBytes < found;
  const cut = async () => {
    await file.truncate(sizeBytes);
    if (sync) await file.sync();
    isDirty = false;
  };
  if (isDirty) await cut();

  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async append(piece) {
      if (isDirty) await cut();
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      try {
        isDirty = true;
        await writeWhole(file.write, bytes);
        if (sync) await file.sync();
        isDirty = false;
        sizeBytes += bytes.length;
      } catch (thrown) {
        await cut().catch(() => {}); // else before the next piece
        throw thrown;
      }
    },
    close: () => file.close(),
  };
}
