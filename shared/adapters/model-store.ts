/** Checkpoints on disk: `<folder>/step-100000/…`, or a folder that is itself one checkpoint. */
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ModelFiles, ModelStore } from "#shared/ports/model-store.ts";
import { replaceFile } from "./files/durable-file.ts";
import { replaceFolder, removeFolder, standInOf, tidyOnce } from "./files/durable-folder.ts";
import { errnoOf, type Files } from "./files/files.ts";
import { nodeFiles } from "./files/node-files.ts";

/** What a checkpoint may hold, and how large it may be: read only as far as that, whatever a file claims. */
const FILES: Readonly<Record<string, { readonly maxBytes: number; readonly isNeeded: boolean }>> = {
  "model.json": { maxBytes: 2 ** 20, isNeeded: true },
  "weights.bin": { maxBytes: 256 * 2 ** 20, isNeeded: true },
  "training.json": { maxBytes: 16 * 2 ** 20, isNeeded: true },
  "optimizer.bin": { maxBytes: 768 * 2 ** 20, isNeeded: false },
};
const STEP_FOLDER = /^(?:\.before-)?step-(\d{1,15})$/;
/** As writes in the middle were called before. */
export const FORMERLY = /^\.(step-\d+|control)\.\d+$/;

/** Trainer and policy-inference need not be the same user: whoever may read the folder may read what is put into it. */
export const SHARED_MODES = { mode: 0o666, folderMode: 0o777 };
/** While a checkpoint is replaced again and again a reader gives up after so many. */
const MAX_READS = 5;

/** One process writes there at a time; any number read. What resolves has survived a power cut, what rejects has changed nothing. */
export function fileModelStore(folder: string, files: Files = nodeFiles): ModelStore {
  const folderOf = (step: number) => join(folder, `step-${step}`);

  async function entries(): Promise<readonly string[]> {
    try {
      return await files.list(folder);
    } catch (thrown) {
      throw new BadInputError(`${folder}: cannot be read as a folder of checkpoints (${messageOf(thrown)})`);
    }
  }

  async function steps(): Promise<number[]> {
    const found = (await entries()).flatMap((name) => STEP_FOLDER.exec(name)?.[1] ?? []);
    return [...new Set(found.map(Number))].sort((a, b) => a - b);
  }

  /** In the middle of a replacement it is the one before. */
  async function placeOfStep(step: number): Promise<string | null> {
    const place = folderOf(step);
    for (const path of [place, standInOf(place), place]) if (await files.exists(path)) return path;
    return null;
  }

  async function placeOf(step: number | null): Promise<string> {
    const there = await steps();
    const place = await placeOfStep(step ?? there.at(-1) ?? NaN);
    if (place !== null) return place;
    if (step !== null) {
      const known = there.length === 0 ? "there are none" : `there are ${there.join(", ")}`;
      throw new BadInputError(`${folder}: there is no checkpoint of step ${step}; ${known}`);
    }
    if ((await entries()).includes("model.json")) return folder;
    throw new BadInputError(`${folder}: there is no checkpoint (a folder step-N, or model.json)`);
  }

  return {
    steps,
    async read(step) {
      for (let reads = 1; ; reads++) {
        const place = await placeOf(step);
        const before = await identityOf(place);
        const found = await readFiles(place).catch((thrown: unknown) => ({ thrown }));
        // Files of two checkpoints are none.
        const isOne = before !== null && before === (await identityOf(place));
        if (!isOne && reads < MAX_READS) continue;
        if ("thrown" in found) throw found.thrown;
        if (!isOne) throw new BadInputError(`${place}: changed while it was read`);
        return found.files;
      }
    },
    async write(step, content) {
      requireKnown(content);
      await tidyOnce(files, folder, FORMERLY);
      await replaceFolder(files, folderOf(step), content, SHARED_MODES);
    },
    async remove(step) {
      await tidyOnce(files, folder, FORMERLY);
      await removeFolder(files, folderOf(step));
    },
  };
}

/** Writes one checkpoint's files into a folder, as they are shipped: each whole, `model.json` last, by which a checkpoint is known. */
export async function writeFiles(folder: string, content: ModelFiles): Promise<void> {
  requireKnown(content);
  const isRecord = (name: string) => Number(name === "model.json");
  for (const [name, bytes] of Object.entries(content).sort(([a], [b]) => isRecord(a) - isRecord(b)))
    await replaceFile(nodeFiles, join(folder, name), bytes, SHARED_MODES);
}

function requireKnown(content: ModelFiles): void {
  for (const name of Object.keys(content))
    if (!Object.hasOwn(FILES, name)) throw new BadInputError(`'${name}' is no file of a checkpoint`);
}

async function readFiles(place: string): Promise<{ readonly files: ModelFiles }> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, { maxBytes, isNeeded }] of Object.entries(FILES)) {
    const bytes = await readBounded(join(place, name), maxBytes);
    if (bytes !== null) files[name] = bytes;
    else if (isNeeded) throw new BadInputError(`${join(place, name)}: there is no such file`);
  }
  return { files };
}

/** A replaced folder has the same name, and is another. */
async function identityOf(place: string): Promise<string | null> {
  try {
    const { dev, ino } = await lstat(place);
    return `${dev}:${ino}`;
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return null;
    throw thrown;
  }
}

/** Null when there is no such file. A link is not followed: it might lead anywhere. */
async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | null> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return null;
    throw new BadInputError(`${path}: cannot be read (${errnoOf(thrown) ?? messageOf(thrown)})`);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new BadInputError(`${path}: is not a file`);
    if (found.size > maxBytes)
      throw new BadInputError(`${path}: must be at most ${maxBytes} bytes, was: '${found.size}'`);
    const bytes = new Uint8Array(found.size);
    const { bytesRead } = await file.read(bytes, 0, found.size, 0);
    if (bytesRead !== found.size) throw new BadInputError(`${path}: changed while it was read`);
    return bytes;
  } finally {
    await file.close();
  }
}
