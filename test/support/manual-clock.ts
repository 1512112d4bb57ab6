/** A clock that moves only by hand. */
import type { Clock } from "#shared/core/clock.ts";

/** A clock that moves only by hand. Sleepers wake in the order of their instants. */
export class ManualClock implements Clock {
  #nowMs: number;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push({ atMs: this.#nowMs + Math.max(0, ms), wake });
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Moves on by `ms`, waking sleepers on the way and letting what they do next run. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      this.#sleepers.sort((a, b) => a.atMs - b.atMs);
      const next = this.#sleepers[0];
      if (!next || next.atMs > untilMs) break;
      this.#sleepers.shift();
      this.#nowMs = next.atMs;
      next.wake();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    this.#nowMs = untilMs;
  }
}
