/** Image references and the folders that hold them: what a container registry is to a cluster. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { replaceFile } from "#shared/adapters/files/durable-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { readIfPresent } from "./files.ts";

/** An image that can be run. */
export interface FunctionImage {
  readonly image: string;
  /** Where its process runs, as `/home/app` in the template's container. */
  readonly folder: string;
  /** The module that exports the handler. */
  readonly handlerPath: string;
}

/** Images that functions can be deployed from. */
export interface ImageStore {
  /** Says which folder an image was built into. Throws `BadInputError` when no handler is there. */
  register(image: string, folder: string): Promise<void>;
  /** Throws `BadInputError` for an image that was never registered, or whose handler is gone. */
  resolve(image: string): Promise<FunctionImage>;
}

/** A bundle has its handler at the top, a docker build context has it in `function/`. */
const HANDLERS = ["handler.js", "function/handler.js"];

/** One file an image, in the home's `images`. `StorageError` where the disk does not take it. */
export function createImageStore(home: string, files: Files = nodeFiles): ImageStore {
  // A reference may be longer than a file's name may be, and holds slashes: the file is named by its digest.
  const recordOf = (image: string) =>
    join(home, "images", `${createHash("sha256").update(image).digest("hex").slice(0, 32)}.json`);
  return {
    register: async (image, folder) => {
      if (image.trim() === "") throw new BadInputError(`an image needs a name, was: '${image}'`);
      const absolute = resolve(folder);
      if (handlerIn(absolute) === undefined) {
        throw new BadInputError(`image '${image}' needs a handler.js or function/handler.js in ${absolute}`);
      }
      const record = `${JSON.stringify({ image, folder: absolute }, null, 2)}\n`;
      await stored(`image '${image}' could not be registered`, () => replaceFile(files, recordOf(image), record));
    },
    resolve: async (image) => {
      const text = await readIfPresent(recordOf(image));
      if (text === undefined) throw new BadInputError(`image '${image}' is not known here: build it first`);
      const folder = folderOf(text);
      if (folder === undefined) throw new BadInputError(`image '${image}' has a broken record: build it again`);
      const handlerPath = handlerIn(folder);
      if (handlerPath === undefined) {
        throw new BadInputError(`image '${image}' has lost its handler in ${folder}: build it again`);
      }
      return { image, folder, handlerPath };
    },
  };
}

function folderOf(text: string): string | undefined {
  try {
    const record: unknown = JSON.parse(text);
    const folder = (record as { folder?: unknown } | null)?.folder;
    return typeof folder === "string" ? folder : undefined;
  } catch {
    return undefined;
  }
}

function handlerIn(folder: string): string | undefined {
  return HANDLERS.map((name) => join(folder, name)).find((path) => existsSync(path));
}
