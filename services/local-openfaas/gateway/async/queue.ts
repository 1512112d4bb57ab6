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
  /** Of calls that wait or run. */
  #calls = 0;
  #bytes = 0;

  constructor(options: AsyncQueueOptions) {
    this.#options = options;
  }

  /** Takes a whole call, or says why not. */
  push(call: QueuedCall): "closed" | "full" | undefined {
    const { maxCalls, maxBytes } = this.#options;
    const bytes = weightBytes(call.body.length);
    if (this.#closed) return "closed";
    if (this.#calls >= maxCalls || this.#bytes + bytes > maxBytes) return "full";
    this.#calls++;
    this.#bytes += bytes;
    this.#waiting.push(call);
    this.#work();
    return undefined;
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
      this.#calls--;
      this.#bytes -= weightBytes(call.body.length);
    }
  }
}
