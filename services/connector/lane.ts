/** The queue of one topic to one function: a bounded number of concurrent calls, and every subject's events in order. */
import type { Parcel } from "./parcel.ts";

/** What may be on the way at once. */
export interface LaneBounds {
  readonly maxCalls: number;
  /** In one call. */
  readonly maxEvents: number;
}

/** Never rejects: answers for each event why it was not delivered, or null. */
export type CarryAll = (parcels: readonly Parcel[]) => Promise<readonly (string | null)[]>;

interface Waiting {
  readonly parcel: Parcel;
  readonly settle: (problem: string | null) => void;
}

/** Waits with what may not go yet, and takes together what may. */
export class Lane {
  readonly #onTheWay = new Set<string>();
  #waiting: Waiting[] = [];
  #calls = 0;
  #looksSoon = false;

  constructor(
    readonly carryAll: CarryAll,
    /** May change between two calls. */
    public bounds: LaneBounds,
  ) {}

  /** Resolves with null when the event is delivered, else with the reason why it is not. */
  send(parcel: Parcel): Promise<string | null> {
    return new Promise((settle) => {
      this.#waiting.push({ parcel, settle });
      this.#lookSoon();
    });
  }

  /** Events of the same turn of the event loop are delivered together. */
  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      while (this.#calls < this.bounds.maxCalls) {
        const load = this.#take();
        if (load.length === 0) return;
        void this.#carry(load);
      }
    });
  }

  /** From the front, what one call may hold; a subject with an event on its way, or one left behind, waits. */
  #take(): readonly Waiting[] {
    const load: Waiting[] = [];
    const left: Waiting[] = [];
    const held = new Set(this.#onTheWay);
    for (const one of this.#waiting) {
      const { subject } = one.parcel;
      if (load.length < this.bounds.maxEvents && !held.has(subject)) {
        load.push(one);
      } else {
        left.push(one);
        held.add(subject);
      }
    }
    this.#waiting = left;
    return load;
  }

  async #carry(load: readonly Waiting[]): Promise<void> {
    const subjects = new Set(load.map(({ parcel }) => parcel.subject));
    for (const subject of subjects) this.#onTheWay.add(subject);
    this.#calls++;
    const problems = await this.carryAll(load.map(({ parcel }) => parcel));
    this.#calls--;
    for (const subject of subjects) this.#onTheWay.delete(subject);
    load.forEach(({ settle }, i) => settle(problems[i] ?? null));
    this.#lookSoon();
  }
}
