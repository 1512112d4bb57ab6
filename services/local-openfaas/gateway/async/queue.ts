/**
 * The queue behind `/async-function`: in memory, bounded by count and bytes, worked off by a few workers. One function takes no
 * more than its part of either, so that one that never answers holds up none but itself.
 */
import type { GatewayLimits } from "../limits.ts";

/** An invocation that waits in the queue, as it was received. */
export interface QueuedCall {
  readonly functionName: string;
  /** Path and query for the function. */
  readonly path: string;
  readonly callId: string;
  /** Raw list of the caller's end-to-end headers. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly callbackUrl: URL | null;
}

/** How much the queue takes, and what becomes of a call whose turn has come. */
export interface AsyncQueueOptions {
  readonly limits: GatewayLimits;
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

/** Calls that wait or run. */
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
    const { asyncMaxCalls, asyncMaxCallsPerFunction, asyncMaxBytes, asyncMaxBytesPerFunction } = this.#options.limits;
    const bytes = weightBytes(call);
    if (this.#closed) return "closed";
    if (this.#calls >= asyncMaxCalls || this.#bytes + bytes > asyncMaxBytes) return "full";
    const share = this.#shares.get(call.functionName) ?? { running: 0, calls: 0, bytes: 0 };
    if (share.calls >= asyncMaxCallsPerFunction || share.bytes + bytes > asyncMaxBytesPerFunction)
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
    const { asyncWorkers, asyncWorkersPerFunction } = this.#options.limits;
    while (this.#running.size < asyncWorkers) {
      const at = this.#waiting.findIndex(
        ({ functionName }) => this.#shares.get(functionName)!.running < asyncWorkersPerFunction,
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
      const bytes = weightBytes(call);
      this.#calls--;
      this.#bytes -= bytes;
      share.running--;
      share.calls--;
      share.bytes -= bytes;
      if (share.calls === 0) this.#shares.delete(call.functionName);
    }
  }
}

/** What a call counts for in the queue's byte limit: the body, and a round sum for its head. */
function weightBytes({ body }: QueuedCall): number {
  return body.length + 1_024;
}
