/** The calls that compute in one replica, the next to finish first: a binary heap of (virtual finish, call). */
import { longer } from "./longer.ts";

/** The calls of one replica by their virtual finish. */
export class FinishQueue {
  #finish = new Float64Array(8);
  #call = new Int32Array(8);
  size = 0;

  get firstFinish(): number {
    return this.#finish[0]!;
  }

  callAt(i: number): number {
    return this.#call[i]!;
  }

  push(finish: number, call: number): void {
    if (this.size === this.#call.length) this.#grow();
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#finish[parent]! <= finish) break;
      this.#finish[i] = this.#finish[parent]!;
      this.#call[i] = this.#call[parent]!;
      i = parent;
    }
    this.#finish[i] = finish;
    this.#call[i] = call;
  }

  /** Takes out the call that finishes first. */
  pop(): number {
    const first = this.#call[0]!;
    const last = --this.size;
    const finish = this.#finish[last]!;
    const call = this.#call[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#finish[child + 1]! < this.#finish[child]!) child++;
      if (finish <= this.#finish[child]!) break;
      this.#finish[i] = this.#finish[child]!;
      this.#call[i] = this.#call[child]!;
      i = child;
    }
    this.#finish[i] = finish;
    this.#call[i] = call;
    return first;
  }

  #grow(): void {
    const places = this.#call.length * 2;
    this.#finish = longer(this.#finish, places);
    this.#call = longer(this.#call, places);
  }
}
