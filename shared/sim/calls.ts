/** The calls under way: a pool of places, and a list in the order in which they began, whose head times out first. */
import { longer } from "./longer.ts";

/** What a place holds. */
export const FREE = 0;
/** Held by the gateway until there is a replica. */
export const HELD = 1;
/** In a replica, waited for. */
export const RUNNING = 2;
/** In a replica, its caller gone: timed out, and still running. */
export const ABANDONED = 3;

const NOBODY = -1;

/** All calls of a run, a column for each field; a call is its index. */
export class Calls {
  /** When the caller meant to call, and when the gateway began to count. */
  intendedSeconds = new Float64Array(0);
  begunSeconds = new Float64Array(0);
  cpuSeconds = new Float64Array(0);
  sleepSeconds = new Float64Array(0);
  state = new Uint8Array(0);
  /** Place of its replica, and that replica's life: either may have changed hands since. */
  replica = new Int32Array(0);
  life = new Int32Array(0);
  #previous = new Int32Array(0);
  #next = new Int32Array(0);
  #freeHead = NOBODY;
  #first = NOBODY;
  #last = NOBODY;

  /** The running call that began first; −1 when none runs. */
  get oldest(): number {
    return this.#first;
  }

  /** The running call that began after `call`; −1 when there is none. */
  after(call: number): number {
    return this.#next[call]!;
  }

  /** Adds a call, held at first; returns its index. */
  take(intendedSeconds: number, cpuSeconds: number, sleepSeconds: number): number {
    if (this.#freeHead === NOBODY) this.#grow();
    const call = this.#freeHead;
    this.#freeHead = this.#next[call]!;
    this.intendedSeconds[call] = intendedSeconds;
    this.cpuSeconds[call] = cpuSeconds;
    this.sleepSeconds[call] = sleepSeconds;
    this.state[call] = HELD;
    return call;
  }

  /** Puts the call at the end of the list: it begins now, in `replica`. */
  run(call: number, begunSeconds: number, replica: number, life: number): void {
    this.begunSeconds[call] = begunSeconds;
    this.replica[call] = replica;
    this.life[call] = life;
    this.state[call] = RUNNING;
    this.#next[call] = NOBODY;
    this.#previous[call] = this.#last;
    if (this.#last === NOBODY) this.#first = call;
    else this.#next[this.#last] = call;
    this.#last = call;
  }

  /** Nobody waits for the running call any more. */
  abandon(call: number): void {
    this.#unlink(call);
    this.state[call] = ABANDONED;
  }

  /** The call is over; its place is free. */
  free(call: number): void {
    if (this.state[call] === RUNNING) this.#unlink(call);
    this.state[call] = FREE;
    this.#next[call] = this.#freeHead;
    this.#freeHead = call;
  }

  #unlink(call: number): void {
    const previous = this.#previous[call]!;
    const next = this.#next[call]!;
    if (previous === NOBODY) this.#first = next;
    else this.#next[previous] = next;
    if (next === NOBODY) this.#last = previous;
    else this.#previous[next] = previous;
  }

  #grow(): void {
    const used = this.state.length;
    const places = Math.max(64, used * 2);
    this.intendedSeconds = longer(this.intendedSeconds, places);
    this.begunSeconds = longer(this.begunSeconds, places);
    this.cpuSeconds = longer(this.cpuSeconds, places);
    this.sleepSeconds = longer(this.sleepSeconds, places);
    this.replica = longer(this.replica, places);
    this.life = longer(this.life, places);
    this.#previous = longer(this.#previous, places);
    this.#next = longer(this.#next, places);
    this.state = longer(this.state, places);
    for (let call = places - 1; call >= used; call--) {
      this.#next[call] = this.#freeHead;
      this.#freeHead = call;
    }
  }
}
