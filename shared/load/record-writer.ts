/** Writes one JSON line per request to a file, in the order in which they ended. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { RequestRecord } from "./records.ts";

/** Writes the records of requests to a file, in the order in which they come. */
export interface RecordWriter {
  write(record: RequestRecord): void;
  /** Resolves when all lines are in the file; rejects with `BadInputError` when they could not be written. */
  close(): Promise<void>;
}

/** Lines are handed to the file in blocks: one write per request would cost more than the request. */
const BLOCK_CHARACTERS = 64 * 1_024;

/** Creates or empties the file. Rejects with `BadInputError` when that fails. */
export async function openRecordWriter(path: string): Promise<RecordWriter> {
  const stream = createWriteStream(path);
  const refused = (thrown: unknown) => new BadInputError(`${path}: cannot be written (${messageOf(thrown)})`);
  let failure: Error | null = null;
  try {
    await once(stream, "open");
  } catch (thrown) {
    throw refused(thrown);
  }
  stream.on("error", (error) => (failure = error));
  let block = "";
  return {
    write(record) {
      block += `${JSON.stringify(record)}\n`;
      if (block.length < BLOCK_CHARACTERS) return;
      stream.write(block);
      block = "";
    },
    async close() {
      if (failure === null) {
        stream.end(block);
        await once(stream, "close").catch((thrown: unknown) => (failure = thrown as Error));
      }
      if (failure !== null) throw refused(failure);
    },
  };
}
