/** The queue behind `/async-function`: in memory, bounded by count and bytes, worked off by a few workers. */
import { weightBytes, type QueuedCall } from "./item.ts";

export interface AsyncQueueOptions {
  readonly maxCalls: number;
  readonly maxBytes: number;
  /** Calls that run at the same time. */
  readonly workers: number;
  /** Runs one call to its end; what it rejects with is the log's matter. */
  readonly run: (call: QueuedCall, signal: AbortSignal) => Promise<void>;
  readonly onError: (call: QueuedCall, error: unknown) => void;
}

export class AsyncQueue {
  readonly #options: AsyncQueueOptions;
  readonly #waiting: QueuedCall[] = [];
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #closed = false;
  #reservedCalls = 0;
  #reservedBytes = 0;

  constructor(options: AsyncQueueOptions) {
    this.#options = options;
  }

  /** Takes room for a body that is still being read; false when the queue is full. */
  reserve(calls: number, bytes: number): boolean {
    const { maxCalls, maxBytes } = this.#options;
    if (this.#closed) return false;
    if (this.#reservedCalls + calls > maxCalls || this.#reservedBytes + bytes > maxBytes) return false;
    this.#reservedCalls += calls;
    this.#reservedBytes += bytes;
    return true;
  }

  /** Gives room back, of a body that did not arrive or of a call that is done. */
  release(calls: number, bytes: number): void {
    this.#reservedCalls -= calls;
    this.#reservedBytes -= bytes;
  }

  /** Takes a call whose room is reserved; false when the queue has closed since. */
  push(call: QueuedCall): boolean {
    if (this.#closed) return false;
    this.#waiting.push(call);
    this.#work();
    return true;
  }

  /** Lets running calls end (at most `graceMs`) and drops the rest; answers how many were dropped. */
  async close(graceMs: number): Promise<number> {
    this.#closed = true;
    const dropped = this.#waiting.splice(0).length;
    const cut = setTimeout(() => this.#stop.abort(), graceMs);
    await Promise.all(this.#running);
    clearTimeout(cut);
    this.#stop.abort();
    return dropped;
  }

  #work(): void {
    while (this.#running.size < this.#options.workers) {
      const call = this.#waiting.shift();
      if (!call) return;
      const running = this.#run(call).finally(() => {
        this.#running.delete(running);
        this.#work();
      });
      this.#running.add(running);
    }
  }

  async #run(call: QueuedCall): Promise<void> {
    try {
      await this.#options.run(call, this.#stop.signal);
    } catch (error) {
      this.#options.onError(call, error);
    } finally {
      this.release(1, weightBytes(call.body.length));
    }
  }
}
