/**
 * The queue behind `/async-function`: in memory, bounded by count and bytes, worked off by a few workers. One function takes no
 * more than its part of either, so that one that never answers holds up none but itself.
 */
import { weightBytes, type QueuedCall } from "./item.ts";

export interface AsyncQueueOptions {
  readonly maxCalls: number;
  readonly maxCallsPerFunction: number;
  readonly maxBytes: number;
  readonly maxBytesPerFunction: number;
  /** Calls that run at the same time. */
  readonly workers: number;
  /** Of these, of one function. */
  readonly workersPerFunction: number;
  /** Runs one call to its end; what it rejects with is the log's matter. */
  readonly run: (call: QueuedCall, signal: AbortSignal) => Promise<void>;
  readonly onError: (call: QueuedCall, error: unknown) => void;
}

/** What the calls of one function hold. */
interface Share {
  running: number;
  /** Waiting or running. */
  calls: number;
  bytes: number;
}

export class AsyncQueue {
  readonly #options: AsyncQueueOptions;
  readonly #waiting: QueuedCall[] = [];
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #shares = new Map<string, Share>();
  #closed = false;
  /** Of calls that wait or run. */
  #calls = 0;
  #bytes = 0;

  constructor(options: AsyncQueueOptions) {
    this.#options = options;
  }

  /** Takes a whole call, or says why not. */
  push(call: QueuedCall): "closed" | "full" | "full for this function" | undefined {
    const { maxCalls, maxCallsPerFunction, maxBytes, maxBytesPerFunction } = this.#options;
    const bytes = weightBytes(call.body.length);
    if (this.#closed) return "closed";
    if (this.#calls >= maxCalls || this.#bytes + bytes > maxBytes) return "full";
    const share = this.#shares.get(call.functionName) ?? { running: 0, calls: 0, bytes: 0 };
    if (share.calls >= maxCallsPerFunction || share.bytes + bytes > maxBytesPerFunction)
      return "full for this function";
    this.#shares.set(call.functionName, share);
    this.#calls++;
    this.#bytes += bytes;
    share.calls++;
    share.bytes += bytes;
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
    const { workers, workersPerFunction } = this.#options;
    while (this.#running.size < workers) {
      const at = this.#waiting.findIndex(
        ({ functionName }) => this.#shares.get(functionName)!.running < workersPerFunction,
      );
      if (at < 0) return;
      const [call] = this.#waiting.splice(at, 1);
      const running = this.#run(call!).finally(() => {
        this.#running.delete(running);
        this.#work();
      });
      this.#running.add(running);
    }
  }

  async #run(call: QueuedCall): Promise<void> {
    const share = this.#shares.get(call.functionName)!;
    share.running++;
    try {
      await this.#options.run(call, this.#stop.signal);
    } catch (error) {
      this.#options.onError(call, error);
    } finally {
      const bytes = weightBytes(call.body.length);
      this.#calls--;
      this.#bytes -= bytes;
      share.running--;
      share.calls--;
      share.bytes -= bytes;
      if (share.calls === 0) this.#shares.delete(call.functionName);
    }
  }
}
