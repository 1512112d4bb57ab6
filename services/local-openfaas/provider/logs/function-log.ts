/** The last lines of one function, and those who follow them. */
import { NAMESPACE } from "../environment.ts";
import type { LogLine, LogQuery } from "../types.ts";
import type { LogFile } from "./log-file.ts";

const MAX_LINES = 2_000;
/** A follower that reads so slowly loses the oldest lines and is told how many. */
const MAX_UNREAD_LINES = 10_000;

export class FunctionLog {
  readonly #functionName: string;
  readonly #file: LogFile;
  readonly #nowMs: () => number;
  readonly #followers = new Set<Follower>();
  #lines: LogLine[] = [];
  #ended = false;

  constructor(functionName: string, file: LogFile, nowMs: () => number) {
    this.#functionName = functionName;
    this.#file = file;
    this.#nowMs = nowMs;
  }

  append(instance: string, text: string): void {
    const line: LogLine = {
      name: this.#functionName,
      namespace: NAMESPACE,
      instance,
      timestamp: new Date(this.#nowMs()).toISOString(),
      text,
    };
    this.#lines.push(line);
    // Cut in large pieces: shifting one line at a time would move the whole ring for every line.
    if (this.#lines.length >= MAX_LINES * 2) this.#lines = this.#lines.slice(-MAX_LINES);
    this.#file.append(JSON.stringify(line));
    for (const follower of this.#followers) follower.take(line);
  }

  /** A line of the platform about the function. */
  note(instance: string, text: string): void {
    this.append(instance, `replicant: ${text}`);
  }

  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const wanted = (line: LogLine) =>
      (query.instance === undefined || line.instance === query.instance) &&
      (query.sinceMs === undefined || Date.parse(line.timestamp) >= query.sinceMs);
    const kept = this.#lines.slice(-MAX_LINES).filter(wanted);
    const { tail } = query;
    const past = tail === undefined || tail < 0 ? kept : tail === 0 ? [] : kept.slice(-tail);
    if (!query.follow || this.#ended) {
      yield* past;
      return;
    }
    const follower = new Follower(wanted, past); // from here on no line falls between the past and the future
    this.#followers.add(follower);
    const stop = () => follower.end();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) follower.end();
    try {
      for (;;) {
        const line = await follower.next();
        if (line === undefined || signal.aborted) return;
        yield line;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#followers.delete(follower);
    }
  }

  /** The function is gone: followers read what is left and end. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const follower of this.#followers) follower.end();
    await this.#file.flush();
  }
}

/** What stands in the file where the disk took no lines for too long. */
export function gapLine(functionName: string, lines: number, nowMs: number): LogLine {
  return {
    name: functionName,
    namespace: NAMESPACE,
    instance: functionName,
    timestamp: new Date(nowMs).toISOString(),
    text: `replicant: ${lines} lines are missing here: the disk did not take them`,
  };
}

class Follower {
  readonly #wanted: (line: LogLine) => boolean;
  #unread: LogLine[];
  #left = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(wanted: (line: LogLine) => boolean, past: readonly LogLine[]) {
    this.#wanted = wanted;
    this.#unread = [...past];
  }

  take(line: LogLine): void {
    if (this.#ended || !this.#wanted(line)) return;
    this.#unread.push(line);
    if (this.#unread.length > MAX_UNREAD_LINES * 2) {
      this.#left += this.#unread.length - MAX_UNREAD_LINES;
      this.#unread = this.#unread.slice(-MAX_UNREAD_LINES);
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Undefined when there will be no more. */
  async next(): Promise<LogLine | undefined> {
    while (this.#unread.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#left > 0 && this.#unread.length > 0) {
      const text = `replicant: ${this.#left} lines were left out: this reader is slower than the log`;
      this.#left = 0;
      return { ...this.#unread[0]!, text };
    }
    return this.#unread.shift();
  }
}
