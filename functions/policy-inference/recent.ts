/** What is known of each function, for the functions that were seen lately and for no more than so many. */

/** How many functions are remembered, and for how long. */
export interface RecentOptions<V> {
  readonly most: number;
  /** Not seen for so long, it is forgotten. */
  readonly ageMs: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  readonly onForgotten?: (value: V) => void;
}

/** Least recently seen first, so that forgetting looks at each once. */
export class Recent<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly seenMs: number }>();

  constructor(readonly options: RecentOptions<V>) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Looks without having seen. */
  peek(name: string): V | undefined {
    return this.#entries.get(name)?.value;
  }

  /** Sees the function, and forgets those not seen for too long. */
  get(name: string): V | undefined {
    const entry = this.#entries.get(name);
    if (entry) this.#put(name, entry.value);
    this.#forget();
    return entry?.value;
  }

  set(name: string, value: V): void {
    const before = this.#entries.get(name);
    this.#put(name, value);
    if (before !== undefined && before.value !== value) this.options.onForgotten?.(before.value);
    this.#forget();
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.options.onForgotten?.(entry.value);
  }

  entries(): [string, V][] {
    return [...this.#entries].map(([name, { value }]) => [name, value]);
  }

  #put(name: string, value: V): void {
    this.#entries.delete(name);
    this.#entries.set(name, { value, seenMs: this.options.nowMs() });
  }

  #forget(): void {
    const { most, ageMs, nowMs } = this.options;
    const now = nowMs();
    for (const [name, { seenMs }] of this.#entries) {
      if (this.#entries.size <= most && now - seenMs <= ageMs) return;
      this.delete(name);
    }
  }
}

/** As many functions as one call may be about, each for as long as its longest window; a chain begins anew from history. */
export const REMEMBERED = { most: 2_000, ageMs: 3_600_000 } as const;
