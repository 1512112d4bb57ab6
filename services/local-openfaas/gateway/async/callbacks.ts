/** Posts results: a pool of its own, so that who never answers holds up neither calls nor the callbacks of others. */

export interface CallbackPoolLimits {
  /** Posted at the same time. */
  readonly maxPosting: number;
  /** Of these, to one host. */
  readonly maxPostingPerHost: number;
  /** Waiting for their turn, all together. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
}

export interface PendingCallback {
  readonly host: string;
  readonly bytes: number;
  /** Rejects with what the log is to say. */
  readonly post: (signal: AbortSignal) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class CallbackPool {
  readonly #limits: CallbackPoolLimits;
  readonly #waiting: PendingCallback[] = [];
  readonly #posting = new Set<Promise<void>>();
  readonly #perHost = new Map<string, number>();
  readonly #stop = new AbortController();
  #waitingBytes = 0;

  constructor(limits: CallbackPoolLimits) {
    this.#limits = limits;
  }

  add(callback: PendingCallback): void {
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    if (this.#stop.signal.aborted) return callback.failed(new Error("the gateway is closing"));
    if (this.#waiting.length >= maxWaiting || this.#waitingBytes + callback.bytes > maxWaitingBytes) {
      return callback.failed(new Error("its result is dropped: too many callbacks wait for their turn"));
    }
    this.#waiting.push(callback);
    this.#waitingBytes += callback.bytes;
    this.#work();
  }

  /** Lets what has begun or waits end, for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#stop.abort(), graceMs);
    while (this.#posting.size > 0) await Promise.all(this.#posting);
    clearTimeout(cut);
    this.#stop.abort();
  }

  #work(): void {
    while (this.#posting.size < this.#limits.maxPosting) {
      const at = this.#waiting.findIndex(({ host }) => this.#postingTo(host) < this.#limits.maxPostingPerHost);
      if (at < 0) return;
      const [callback] = this.#waiting.splice(at, 1);
      this.#waitingBytes -= callback!.bytes;
      this.#begin(callback!);
    }
  }

  #begin({ host, post, failed }: PendingCallback): void {
    this.#perHost.set(host, this.#postingTo(host) + 1);
    const posting = post(this.#stop.signal)
      .catch(failed)
      .finally(() => {
        this.#posting.delete(posting);
        const left = this.#postingTo(host) - 1;
        if (left > 0) this.#perHost.set(host, left);
        else this.#perHost.delete(host);
        this.#work();
      });
    this.#posting.add(posting);
  }

  #postingTo(host: string): number {
    return this.#perHost.get(host) ?? 0;
  }
}
