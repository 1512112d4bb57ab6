/** A text in a file, replaced as a whole. */
import type { TextStore } from "../../ports/text-store.ts";
import { replaceFile } from "./durable-file.ts";
import type { Files } from "./files.ts";
import { stored } from "./storage-error.ts";

/** A text kept in one file: whole or as it was. Rejects with `StorageError` where the disk refuses. */
export function textFile(files: Files, path: string): TextStore {
  return {
    place: `file ${path}`,
    async read() {
      const bytes = await stored("it could not be read", () => files.read(path));
      return bytes === undefined ? null : new TextDecoder().decode(bytes);
    },
    write: (text) => stored("it could not be stored", () => replaceFile(files, path, text)),
  };
}
