/** Which replica finishes a call next: a heap that holds each replica once and lets it move. */
import { longer } from "./longer.ts";

/** The replicas by the instant at which each finishes its next call. */
export class NextFinish {
  #atSeconds = new Float64Array(0);
  /** Heap of replicas, and the position of each in it; −1: not in it. */
  #heap = new Int32Array(0);
  #place = new Int32Array(0);
  #size = 0;

  /** Instant of the next finish; +∞ when there is none. */
  get nextSeconds(): number {
    return this.#size === 0 ? Infinity : this.#atSeconds[this.#heap[0]!]!;
  }

  get nextReplica(): number {
    return this.#heap[0]!;
  }

  /** Sets when `replica` finishes next; +∞ takes it out. */
  set(replica: number, atSeconds: number): void {
    if (replica >= this.#place.length) this.#grow(replica);
    let i = this.#place[replica]!;
    this.#atSeconds[replica] = atSeconds;
    if (atSeconds === Infinity) {
      if (i >= 0) this.#remove(i);
      return;
    }
    if (i < 0) {
      i = this.#size++;
      this.#put(i, replica);
    }
    this.#settle(i);
  }

  #remove(i: number): void {
    this.#place[this.#heap[i]!] = -1;
    const last = --this.#size;
    if (i === last) return;
    this.#put(i, this.#heap[last]!);
    this.#settle(i);
  }

  /** Moves the entry at `i` up or down to where it belongs. Equal instants: the lower replica first, whatever came before. */
  #settle(i: number): void {
    const replica = this.#heap[i]!;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#isBefore(replica, this.#heap[parent]!)) break;
      this.#put(i, this.#heap[parent]!);
      i = parent;
    }
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!this.#isBefore(this.#heap[child]!, replica)) break;
      this.#put(i, this.#heap[child]!);
      i = child;
    }
    this.#put(i, replica);
  }

  #isBefore(a: number, b: number): boolean {
    const aSeconds = this.#atSeconds[a]!;
    const bSeconds = this.#atSeconds[b]!;
    return aSeconds < bSeconds || (aSeconds === bSeconds && a < b);
  }

  #put(i: number, replica: number): void {
    this.#heap[i] = replica;
    this.#place[replica] = i;
  }

  #grow(replica: number): void {
    const places = Math.max(32, 2 ** Math.ceil(Math.log2(replica + 1)));
    const used = this.#place.length;
    this.#atSeconds = longer(this.#atSeconds, places).fill(Infinity, used);
    this.#heap = longer(this.#heap, places);
    this.#place = longer(this.#place, places).fill(-1, used);
  }
}
