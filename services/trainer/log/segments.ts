/**
 * An append-only log of JSON lines in numbered files. What `append` has resolved for survives the death of the process; the
 * oldest file goes when there are too many. A line that was cut off by a death was never promised, and is cut away.
 */
import { mkdir, open, readdir, readFile, rm, stat, truncate, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "#shared/core/errors.ts";

export interface LogBounds {
  /** A file that has grown beyond this is followed by a new one. */
  readonly segmentBytes: number;
  readonly mostSegments: number;
}

export const LOG_BOUNDS: LogBounds = { segmentBytes: 4 * 2 ** 20, mostSegments: 16 };

export interface SegmentLog {
  /** Every line that was there when the log was opened, in order. */
  readonly found: readonly unknown[];
  /** Lines that were there and are no JSON. */
  readonly damaged: number;
  /** Resolves when the line is written. */
  append(line: object): Promise<void>;
  segments(): number;
  close(): Promise<void>;
}

const SEGMENT = /^log-(\d{6,})\.ndjson$/;

/** Throws what the file system throws: a log that cannot be read is none. */
export async function openLog(folder: string, bounds: LogBounds = LOG_BOUNDS): Promise<SegmentLog> {
  await mkdir(folder, { recursive: true });
  const pathOf = (number: number) => join(folder, `log-${String(number).padStart(6, "0")}.ndjson`);
  const numbers = (await readdir(folder)).flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number);
  numbers.sort((a, b) => a - b);

  const found: unknown[] = [];
  let damaged = 0;
  for (const [i, number] of numbers.entries()) {
    const text = await readFile(pathOf(number), "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length && i === numbers.length - 1) {
      await truncate(pathOf(number), Buffer.byteLength(whole));
    }
    for (const line of whole.split("\n")) {
      if (line === "") continue;
      try {
        found.push(JSON.parse(line));
      } catch {
        damaged++;
      }
    }
  }

  let current = numbers.at(-1) ?? 1;
  if (numbers.length === 0) numbers.push(current);
  let file: FileHandle = await open(pathOf(current), "a");
  let bytes = (await stat(pathOf(current))).size;
  let writing: Promise<void> = Promise.resolve();

  async function write(text: string): Promise<void> {
    if (bytes > bounds.segmentBytes) {
      await file.close();
      file = await open(pathOf(++current), "a");
      bytes = 0;
      numbers.push(current);
      while (numbers.length > bounds.mostSegments) await rm(pathOf(numbers.shift()!), { force: true });
    }
    const line = Buffer.from(text);
    const { bytesWritten } = await file.write(line);
    bytes += bytesWritten;
    if (bytesWritten === line.length) return;
    // The next line must not begin in the middle of this one.
    await file.truncate(bytes - bytesWritten);
    bytes -= bytesWritten;
    throw new Error(`${pathOf(current)}: only ${bytesWritten} of ${line.length} bytes could be written`);
  }

  return {
    found,
    damaged,
    append(line) {
      const written = writing.then(() => write(`${JSON.stringify(line)}\n`));
      writing = written.catch(() => {});
      return written.catch((thrown: unknown) => {
        throw new Error(`the trainer's log cannot be written: ${messageOf(thrown)}`, { cause: thrown });
      });
    },
    segments: () => numbers.length,
    async close() {
      await writing;
      await file.close();
    },
  };
}
