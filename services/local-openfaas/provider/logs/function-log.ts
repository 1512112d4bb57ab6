/** The last lines of one function, kept once however many follow them. */
import { NAMESPACE } from "../environment.ts";
import type { LogLine, LogQuery } from "../types.ts";
import type { LogFile } from "./log-file.ts";

/** What a reader is given of the past. */
const PAST_LINES = 2_000;
/** How far a follower may fall behind; then it loses the oldest lines, and their number is reported to it. */
const MAX_UNREAD_LINES = 10_000;
/** Characters of all lines together; a line may have 16 384. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** One function's log: written to its file, and read from memory. */
export class FunctionLog {
  readonly #functionName: string;
  readonly #file: LogFile;
  readonly #nowMs: () => number;
  readonly #followers = new Set<Follower>();
  /** Lines have serial numbers from 0 on; `#first` is that of `#lines[0]`. */
  #lines: LogLine[] = [];
  #first = 0;
  #characters = 0;
  #trimAt = PAST_LINES * 2;
  #ended = false;

  constructor(functionName: string, file: LogFile, nowMs: () => number) {
    this.#functionName = functionName;
    this.#file = file;
    this.#nowMs = nowMs;
  }

  append(instance: string, text: string): void {
    const line = lineOf(this.#functionName, instance, text, this.#nowMs());
    this.#lines.push(line);
    this.#characters += text.length;
    // Cut in large pieces: shifting one line at a time would move all of them for every line.
    if (this.#lines.length >= this.#trimAt || this.#characters > MAX_CHARACTERS) this.#trim();
    this.#file.append(JSON.stringify(line));
    for (const follower of this.#followers) follower.wake();
  }

  /** A line of the platform about the function. */
  note(instance: string, text: string): void {
    this.append(instance, `replicant: ${text}`);
  }

  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const wanted = (line: LogLine) =>
      (query.instance === undefined || line.instance === query.instance) &&
      (query.sinceMs === undefined || Date.parse(line.timestamp) >= query.sinceMs);
    const follower = new Follower(this.#startOf(query.tail, wanted));
    const until = query.follow ? Infinity : this.#end;
    this.#followers.add(follower);
    const wake = () => follower.wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      while (follower.at < until) {
        const line = this.#next(follower, until, wanted);
        if (line) yield line;
        else if (this.#ended || signal.aborted) return;
        else await follower.woken();
        if (signal.aborted) return;
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#followers.delete(follower);
    }
  }

  /** The function is gone: followers read what is left and end. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const follower of this.#followers) follower.wake();
    await this.#file.flush();
  }

  /** The serial number of the line to come. */
  get #end(): number {
    return this.#first + this.#lines.length;
  }

  #startOf(tail: number | undefined, wanted: (line: LogLine) => boolean): number {
    const oldest = Math.max(this.#first, this.#end - PAST_LINES);
    if (tail === undefined || tail < 0) return oldest;
    let at = this.#end;
    for (let missing = tail; missing > 0 && at > oldest;) if (wanted(this.#lines[--at - this.#first]!)) missing--;
    return at;
  }

  #next(follower: Follower, until: number, wanted: (line: LogLine) => boolean): LogLine | undefined {
    const oldest = Math.max(this.#first, this.#end - MAX_UNREAD_LINES);
    if (follower.at < oldest) {
      const text = `replicant: ${oldest - follower.at} lines were left out: this reader is slower than the log`;
      follower.at = oldest;
      const line = this.#lines[oldest - this.#first];
      if (line) return { ...line, text };
    }
    while (follower.at < Math.min(this.#end, until)) {
      const line = this.#lines[follower.at++ - this.#first]!;
      if (wanted(line)) return line;
    }
    return undefined;
  }

  #trim(): void {
    const slowest = Math.min(...[...this.#followers].map(({ at }) => at));
    let from = Math.max(Math.min(this.#end - PAST_LINES, slowest), this.#end - MAX_UNREAD_LINES, this.#first);
    let characters = 0;
    for (let at = this.#end - 1; at >= from; at--) {
      characters += this.#lines[at - this.#first]!.text.length;
      if (characters > MAX_CHARACTERS / 2) from = at + 1;
    }
    this.#lines = this.#lines.slice(from - this.#first);
    this.#first = from;
    this.#characters = this.#lines.reduce((sum, { text }) => sum + text.length, 0);
    this.#trimAt = this.#lines.length + PAST_LINES;
  }
}

/** The line in the file where the disk took no lines for too long. */
export function gapLine(functionName: string, lines: number, nowMs: number): LogLine {
  const text = `replicant: ${lines} lines are missing here: the disk did not take them`;
  return lineOf(functionName, functionName, text, nowMs);
}

function lineOf(name: string, instance: string, text: string, nowMs: number): LogLine {
  return { name, namespace: NAMESPACE, instance, timestamp: new Date(nowMs).toISOString(), text };
}

/** One reader's place. */
class Follower {
  #wake: (() => void) | undefined;

  /** `at`: the serial number of the next line to read. */
  constructor(public at: number) {}

  wake(): void {
    this.#wake?.();
  }

  /** Resolves at the next call of `wake`. */
  woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
