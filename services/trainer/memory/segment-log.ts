/**
 * An append-only log of JSON lines in numbered files. What `append` has resolved for survives a power cut; lines that arrive
 * while the disk is busy are written and synced together. The oldest file is removed when there are too many, and each file
 * begins with the lines of `opening`: what must not be lost with it.
 */
import { openAppendFile, type AppendFile } from "#shared/adapters/files/append-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { diskProblem, StorageError } from "#shared/adapters/files/storage-error.ts";
import { readSegments, segmentPath, type SegmentLoss } from "./read-segments.ts";

/** How large a segment grows, and how many are kept. */
export interface SegmentBounds {
  /** A file that has grown beyond this is followed by a new one. */
  readonly segmentBytes: number;
  readonly maxSegments: number;
}

/** 16 segments of 4 MiB. */
export const SEGMENT_BOUNDS: SegmentBounds = { segmentBytes: 4 * 2 ** 20, maxSegments: 16 };

/** An append-only log in several files. */
export interface SegmentLog {
  /** Every whole line that was there when the log was opened, in order. */
  readonly found: readonly unknown[];
  readonly losses: readonly SegmentLoss[];
  /** With these each new file begins; asked when one does. */
  opening: () => readonly object[];
  /** Resolves when the line would survive a power cut. Rejects with `StorageError`: nothing is written, the next one may be. */
  append(line: object): Promise<void>;
  segments(): number;
  /** Why the last lines were refused; null once the disk takes lines again. */
  problem(): string | null;
  /** After the last line that was given to it. */
  close(): Promise<void>;
}

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (thrown: StorageError) => void;
}

const REFUSED = "the trainer's log cannot be written";

/** Throws what the file system throws: a log that cannot be read is none. One that cannot be written says so in `problem`. */
export async function openSegmentLog(
  files: Files,
  folder: string,
  bounds: SegmentBounds = SEGMENT_BOUNDS,
): Promise<SegmentLog> {
  const { lines: found, losses, numbers: read, wholeBytes } = await readSegments(files, folder);
  const numbers = [...read];
  let file: AppendFile | null = null;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let problem: string | null = null;

  /** The file that takes the next lines. */
  async function currentFile(): Promise<AppendFile> {
    const last = numbers.at(-1);
    if (file !== null && file.sizeBytes <= bounds.segmentBytes) return file;
    // Before the first write it is the last one that was found, with whatever a crash left at its end cut away.
    const isNext = file !== null || last === undefined;
    const number = isNext ? (last ?? 0) + 1 : last;
    const opened = await openAppendFile(files, segmentPath(folder, number), isNext ? {} : { wholeBytes });
    await file?.close().catch(() => {});
    file = opened;
    if (isNext) numbers.push(number);
    return file;
  }

  async function write(text: string): Promise<void> {
    const into = await currentFile();
    const begins = into.sizeBytes === 0 ? log.opening().map(lineOf).join("") : "";
    await into.append(begins + text);
    // Only now: what must not be lost is in the new file.
    while (numbers.length > bounds.maxSegments) {
      await files.remove(segmentPath(folder, numbers[0]!)).catch(() => {});
      numbers.shift();
    }
  }

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await write(batch.map(({ text }) => text).join(""));
        problem = null;
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        const error = new StorageError(REFUSED, thrown);
        problem = `${REFUSED}: ${diskProblem(thrown)}; what it should hold is not acknowledged and is delivered again`;
        for (const { reject } of batch) reject(error);
      }
    }
    writing = null;
  }

  const log: SegmentLog = {
    found,
    losses,
    opening: () => [],
    append: (line) =>
      new Promise((resolve, reject) => {
        waiting.push({ text: lineOf(line), resolve, reject });
        writing ??= writeWaiting();
      }),
    segments: () => Math.max(1, numbers.length),
    problem: () => problem,
    async close() {
      await writing;
      await file?.close();
    },
  };
  return log;
}

const lineOf = (line: object) => `${JSON.stringify(line)}\n`;
