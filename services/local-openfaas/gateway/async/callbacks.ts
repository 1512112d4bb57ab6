/** Posts results: a pool of its own, so that who never answers holds up neither calls nor the callbacks of others. */
import type { GatewayLimits } from "../limits.ts";

/** A result that is to be posted. */
export interface PendingCallback {
  /** A host, or a function of ours: what may be slow by itself. */
  readonly place: string;
  readonly bytes: number;
  /** Rejects with what the log is to say. */
  readonly post: (signal: AbortSignal) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Callbacks that wait or are posted. */
export class CallbackPool {
  readonly #limits: GatewayLimits;
  readonly #waiting: PendingCallback[] = [];
  readonly #posting = new Set<Promise<void>>();
  readonly #perPlace = new Map<string, number>();
  readonly #stop = new AbortController();
  #waitingBytes = 0;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  add(callback: PendingCallback): void {
    const { maxWaitingCallbacks, asyncMaxBytes } = this.#limits;
    if (this.#stop.signal.aborted) return callback.failed(new Error("the gateway is closing"));
    this.#waiting.push(callback);
    this.#waitingBytes += callback.bytes;
    this.#work();
    while (this.#waiting.length > maxWaitingCallbacks) this.#dropWhere(() => 1);
    while (this.#waitingBytes > asyncMaxBytes) this.#dropWhere(({ bytes }) => bytes);
  }

  /** Lets what has begun or waits end, for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#stop.abort(), graceMs);
    while (this.#posting.size > 0) await Promise.all(this.#posting);
    clearTimeout(cut);
    this.#stop.abort();
  }

  #work(): void {
    const { maxCallbacks, maxCallbacksPerPlace } = this.#limits;
    while (this.#posting.size < maxCallbacks) {
      const at = this.#waiting.findIndex(({ place }) => this.#postingTo(place) < maxCallbacksPerPlace);
      if (at < 0) return;
      const [callback] = this.#waiting.splice(at, 1);
      this.#waitingBytes -= callback!.bytes;
      this.#begin(callback!);
    }
  }

  /** The newest for the place that holds most of what is short, so that one that never answers costs its own callers alone. */
  #dropWhere(holds: (callback: PendingCallback) => number): void {
    const held = new Map<string, number>();
    for (const each of this.#waiting) held.set(each.place, (held.get(each.place) ?? 0) + holds(each));
    const most = Math.max(...held.values());
    const at = this.#waiting.findLastIndex(({ place }) => held.get(place) === most);
    const [dropped] = this.#waiting.splice(at, 1);
    this.#waitingBytes -= dropped!.bytes;
    dropped!.failed(new Error("its result is dropped: too many callbacks wait for their turn"));
  }

  #begin({ place, post, failed }: PendingCallback): void {
    this.#perPlace.set(place, this.#postingTo(place) + 1);
    const posting = post(this.#stop.signal)
      .catch(failed)
      .finally(() => {
        this.#posting.delete(posting);
        const left = this.#postingTo(place) - 1;
        if (left > 0) this.#perPlace.set(place, left);
        else this.#perPlace.delete(place);
        this.#work();
      });
    this.#posting.add(posting);
  }

  #postingTo(place: string): number {
    return this.#perPlace.get(place) ?? 0;
  }
}
