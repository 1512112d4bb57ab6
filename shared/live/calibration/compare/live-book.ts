/** Live runs that were made before, in a file: a comparison of an hour goes on where it was broken off. */
import { appendFile, readFile } from "node:fs/promises";

import { BadInputError, messageOf } from "../../../core/errors.ts";

/** Remembers live runs by what was run. */
export interface LiveBook {
  /** What the file has of `key`; else the work is done, and written down if it is worth keeping. */
  remembered<T>(key: object, work: () => Promise<T>, isWorthKeeping: (made: T) => boolean): Promise<T>;
}

const KIND = "replicant-live-run";

interface Entry {
  readonly kind: typeof KIND;
  readonly key: string;
  readonly made: unknown;
}

/** Null: nothing is remembered. Throws `BadInputError` for a file that holds something else. */
export async function openLiveBook(file: string | null): Promise<LiveBook> {
  if (file === null) return { remembered: (_key, work) => work() };
  const entries = new Map((await linesOf(file)).map((line) => entryOf(line, file)));
  return {
    async remembered<T>(asked: object, work: () => Promise<T>, isWorthKeeping: (made: T) => boolean) {
      const key = JSON.stringify(asked);
      if (entries.has(key)) return entries.get(key) as T;
      const made = await work();
      if (isWorthKeeping(made)) {
        entries.set(key, made);
        await appendFile(file, `${JSON.stringify({ kind: KIND, key, made } satisfies Entry)}\n`);
      }
      return made;
    },
  };
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new BadInputError(`--resume ${file}: cannot be read (${messageOf(thrown)})`);
  });
  return text.split("\n").filter((line) => line !== "");
}

function entryOf(line: string, file: string): [key: string, made: unknown] {
  let entry: Partial<Entry> | null = null;
  try {
    entry = JSON.parse(line) as Partial<Entry> | null;
  } catch {
    // Told below.
  }
  if (entry?.kind === KIND && typeof entry.key === "string") return [entry.key, entry.made];
  throw new BadInputError(`--resume ${file}: holds something else than live runs of 'calibrate --compare'`);
}
