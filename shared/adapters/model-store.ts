/** Checkpoints on disk: `<folder>/step-100000/…`, or a folder that is itself one checkpoint. */
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ModelFiles, ModelStore } from "#shared/ports/model-store.ts";

/** What a checkpoint may hold, and how large it may be: read only as far as that, whatever a file claims. */
const FILES: Readonly<Record<string, { readonly mostBytes: number; readonly isNeeded: boolean }>> = {
  "model.json": { mostBytes: 2 ** 20, isNeeded: true },
  "weights.bin": { mostBytes: 256 * 2 ** 20, isNeeded: true },
  "training.json": { mostBytes: 16 * 2 ** 20, isNeeded: true },
  "optimizer.bin": { mostBytes: 768 * 2 ** 20, isNeeded: false },
};
const STEP_FOLDER = /^step-(\d{1,15})$/;

export function fileModelStore(folder: string): ModelStore {
  const folderOf = (step: number) => join(folder, `step-${step}`);

  async function entries(): Promise<readonly string[]> {
    try {
      return await readdir(folder);
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw new BadInputError(`${folder}: cannot be read as a folder of checkpoints (${messageOf(thrown)})`);
    }
  }

  async function steps(): Promise<number[]> {
    const found = (await entries()).flatMap((name) => STEP_FOLDER.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => a - b);
  }

  async function placeOf(step: number | null): Promise<string> {
    const there = await steps();
    if (step !== null) {
      if (there.includes(step)) return folderOf(step);
      const known = there.length === 0 ? "there are none" : `there are ${there.join(", ")}`;
      throw new BadInputError(`${folder}: there is no checkpoint of step ${step}; ${known}`);
    }
    if (there.length > 0) return folderOf(there.at(-1)!);
    if ((await entries()).includes("model.json")) return folder;
    throw new BadInputError(`${folder}: there is no checkpoint (a folder step-N, or model.json)`);
  }

  return {
    steps,
    async read(step) {
      const place = await placeOf(step);
      const files: Record<string, Uint8Array> = {};
      for (const [name, { mostBytes, isNeeded }] of Object.entries(FILES)) {
        const bytes = await readBounded(join(place, name), mostBytes);
        if (bytes !== null) files[name] = bytes;
        else if (isNeeded) throw new BadInputError(`${join(place, name)}: there is no such file`);
      }
      return files;
    },
    async write(step, files) {
      const aside = join(folder, `.step-${step}.${process.pid}`);
      await rm(aside, { recursive: true, force: true });
      await mkdir(aside, { recursive: true });
      try {
        await writeFiles(aside, files);
        // A folder cannot be renamed over another that is not empty.
        await rm(folderOf(step), { recursive: true, force: true });
        await rename(aside, folderOf(step));
      } catch (thrown) {
        await rm(aside, { recursive: true, force: true });
        throw thrown;
      }
    },
    async remove(step) {
      const aside = join(folder, `.step-${step}.${process.pid}`);
      try {
        // No reader finds half of it under its name.
        await rename(folderOf(step), aside);
      } catch (thrown) {
        if (isMissing(thrown)) return;
        throw thrown;
      }
      await rm(aside, { recursive: true, force: true });
    },
  };
}

/** Writes one checkpoint's files into a folder, as they are shipped. */
export async function writeFiles(folder: string, files: ModelFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    if (!(name in FILES)) throw new BadInputError(`'${name}' is no file of a checkpoint`);
    await writeFile(join(folder, name), bytes);
  }
}

/** Null when there is no such file. A link is not followed: it might lead anywhere. */
async function readBounded(path: string, mostBytes: number): Promise<Uint8Array | null> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw new BadInputError(`${path}: cannot be read (${(thrown as NodeJS.ErrnoException).code ?? messageOf(thrown)})`);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new BadInputError(`${path}: is not a file`);
    if (found.size > mostBytes)
      throw new BadInputError(`${path}: must be at most ${mostBytes} bytes, was: '${found.size}'`);
    const bytes = new Uint8Array(found.size);
    const { bytesRead } = await file.read(bytes, 0, found.size, 0);
    if (bytesRead !== found.size) throw new BadInputError(`${path}: changed while it was read`);
    return bytes;
  } finally {
    await file.close();
  }
}

function isMissing(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === "ENOENT";
}
