/** A function's log on disk: `<function>.ndjson`, and `<function>.ndjson.1` before it. */
import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "../files.ts";

const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Beyond this the disk is too slow for the function, and lines are left out of the file (never out of memory's ring). */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onError: (error: unknown) => void;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #sizeBytes: number | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, onError: (error: unknown) => void, maxBytes = MAX_FILE_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#onError = onError;
  }

  append(line: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) return;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Resolves when all that was appended is on its way to the disk. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // lines of the same turn go together
    try {
      while (this.#waiting.length > 0) {
        const text = `${this.#waiting.join("\n")}\n`;
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#rotateWhenFull();
        await appendFile(this.#path, text, { mode: 0o600 });
        this.#sizeBytes! += Buffer.byteLength(text);
      }
    } catch (thrown) {
      this.#onError(thrown);
    }
  }

  async #rotateWhenFull(): Promise<void> {
    if (this.#sizeBytes === undefined) {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#sizeBytes = await sizeOf(this.#path);
    }
    if (this.#sizeBytes < this.#maxBytes) return;
    await rename(this.#path, `${this.#path}.1`);
    this.#sizeBytes = 0;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) return 0;
    throw thrown;
  }
}
