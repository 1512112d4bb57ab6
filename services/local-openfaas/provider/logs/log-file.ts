/** A function's log on disk: `<function>.ndjson`, and `<function>.ndjson.1` before it. Whole lines, whatever the disk does. */
import { dirname } from "node:path";
import { writeWhole } from "#shared/adapters/files/durable-file.ts";
import type { Files, OpenFile } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";

const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Beyond this the disk is too slow for the function, and lines are left out of the file (never out of memory's ring). */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const TRY_AGAIN_MS = 1_000;

/** How large the file may become, what writes it, and what stands for lines that were left out. */
export interface LogFileOptions {
  readonly maxBytes?: number;
  readonly files?: Files;
  /** The line in the file in place of lines that were left out. */
  readonly gap?: (lines: number) => string;
}

/** One function's file; lines wait in memory until the disk takes them. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #files: Files;
  readonly #gap: (lines: number) => string;
  readonly #onError: (error: unknown) => void;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #leftOut = 0;
  #sizeBytes: number | undefined;
  #writing: Promise<void> | undefined;
  #isRefused = false;
  #again: NodeJS.Timeout | undefined;

  /** `onError` is called once for a disk that refuses, and again only after it has taken something. */
  constructor(path: string, onError: (error: unknown) => void, options: LogFileOptions = {}) {
    this.#path = path;
    this.#onError = onError;
    this.#maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
    this.#files = options.files ?? nodeFiles;
    this.#gap = options.gap ?? ((lines) => `${lines} lines were left out`);
  }

  append(line: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#leftOut++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (!this.#isRefused) this.#start(); // else the next try takes it along
  }

  /** Resolves when all that was appended is on its way to the disk, or was refused once more. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length > 0) this.#start();
    await this.#writing;
  }

  #start(): void {
    clearTimeout(this.#again);
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // lines of the same turn go together
    try {
      while (this.#waiting.length > 0) {
        const [lines, bytes, leftOut] = [this.#waiting.length, this.#waitingBytes, this.#leftOut];
        const texts = leftOut > 0 ? [...this.#waiting, this.#gap(leftOut)] : this.#waiting;
        await this.#append(Buffer.from(`${texts.join("\n")}\n`));
        this.#isRefused = false;
        this.#waiting = this.#waiting.slice(lines);
        this.#waitingBytes -= bytes;
        this.#leftOut -= leftOut;
      }
    } catch (thrown) {
      if (!this.#isRefused) this.#onError(thrown);
      this.#isRefused = true;
      this.#sizeBytes = undefined; // its folder may be what is missing
      this.#again = setTimeout(() => this.#start(), TRY_AGAIN_MS).unref();
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.#sizeBytes === undefined) await this.#files.makeFolder(dirname(this.#path), 0o700);
    else if (this.#sizeBytes >= this.#maxBytes) await this.#files.rename(this.#path, `${this.#path}.1`);
    const file = await this.#files.openAtEnd(this.#path, 0o600);
    try {
      const before = await file.sizeBytes();
      this.#sizeBytes = before;
      await wholeOrNothing(file, before, bytes);
      this.#sizeBytes = before + bytes.length;
    } finally {
      await file.close();
    }
  }
}

async function wholeOrNothing(file: OpenFile, sizeBytes: number, bytes: Buffer): Promise<void> {
  try {
    await writeWhole((piece) => file.write(piece), bytes);
  } catch (thrown) {
    await file.truncate(sizeBytes).catch(() => {});
    throw thrown;
  }
}
