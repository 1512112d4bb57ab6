/** Cuts a process's output into lines of bounded length. */
import { StringDecoder } from "node:string_decoder";

/** Characters. A longer line is cut in pieces, so that nothing is lost and nothing grows without end. */
export const MAX_LINE_LENGTH = 16_384;

/** The lines of one stream. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8"); // a chunk may end inside a character
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** What came after the last line break is a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#emit(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.#rest.length > MAX_LINE_LENGTH) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_LENGTH));
      this.#rest = this.#rest.slice(MAX_LINE_LENGTH);
    }
  }

  #emit(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE_LENGTH) {
      this.#onLine(line.slice(at, at + MAX_LINE_LENGTH));
    }
  }
}
