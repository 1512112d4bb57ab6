/** Future events in the order of their instants: a binary heap on typed arrays. Equal instants come in the order of pushing. */
import { longer } from "./longer.ts";

/** The events to come, the earliest first. */
export class EventHeap {
  #atSeconds = new Float64Array(64);
  #order = new Float64Array(64);
  #kind = new Int32Array(64);
  #subject = new Int32Array(64);
  #size = 0;
  #pushed = 0;
  /** What the last `pop` took out. */
  kind = 0;
  subject = 0;

  get size(): number {
    return this.#size;
  }

  /** Instant of the next event; +∞ when there is none. */
  get nextSeconds(): number {
    return this.#size === 0 ? Infinity : this.#atSeconds[0]!;
  }

  /** Adds an event; `kind` and `subject` are the caller's own numbers. */
  push(atSeconds: number, kind: number, subject: number): void {
    if (this.#size === this.#kind.length) this.#grow();
    const order = this.#pushed++;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const parentSeconds = this.#atSeconds[parent]!;
      // A parent was pushed before: at equal instants it stays.
      if (parentSeconds <= atSeconds) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#set(i, atSeconds, order, kind, subject);
  }

  /** Takes the next event out into `kind` and `subject`. */
  pop(): void {
    this.kind = this.#kind[0]!;
    this.subject = this.#subject[0]!;
    const last = --this.#size;
    if (last === 0) return;
    const atSeconds = this.#atSeconds[last]!;
    const order = this.#order[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(child + 1, child)) child++;
      const childSeconds = this.#atSeconds[child]!;
      if (atSeconds < childSeconds || (atSeconds === childSeconds && order < this.#order[child]!)) break;
      this.#move(child, i);
      i = child;
    }
    this.#set(i, atSeconds, order, this.#kind[last]!, this.#subject[last]!);
  }

  #isBefore(a: number, b: number): boolean {
    const aSeconds = this.#atSeconds[a]!;
    const bSeconds = this.#atSeconds[b]!;
    return aSeconds < bSeconds || (aSeconds === bSeconds && this.#order[a]! < this.#order[b]!);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#atSeconds[from]!, this.#order[from]!, this.#kind[from]!, this.#subject[from]!);
  }

  #set(i: number, atSeconds: number, order: number, kind: number, subject: number): void {
    this.#atSeconds[i] = atSeconds;
    this.#order[i] = order;
    this.#kind[i] = kind;
    this.#subject[i] = subject;
  }

  #grow(): void {
    const capacity = this.#kind.length * 2;
    this.#atSeconds = longer(this.#atSeconds, capacity);
    this.#order = longer(this.#order, capacity);
    this.#kind = longer(this.#kind, capacity);
    this.#subject = longer(this.#subject, capacity);
  }
}
