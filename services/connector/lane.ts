/** The way to one function: a bounded number of calls side by side, and every subject's events in their order. */
import type { ReplicantEvent } from "#shared/events/types.ts";

export interface LaneBounds {
  readonly mostCalls: number;
  /** In one call. */
  readonly mostEvents: number;
}

/** Never rejects: answers for each event why it did not arrive, or null. */
export type CarryAll = (events: readonly ReplicantEvent[]) => Promise<readonly (string | null)[]>;

interface Waiting {
  readonly event: ReplicantEvent;
  readonly settle: (problem: string | null) => void;
}

export class Lane {
  readonly #carryAll: CarryAll;
  readonly #onTheWay = new Set<string>();
  #waiting: Waiting[] = [];
  #calls = 0;
  #looksSoon = false;

  constructor(
    carryAll: CarryAll,
    /** May change between two calls. */
    public bounds: LaneBounds,
  ) {
    this.#carryAll = carryAll;
  }

  /** Resolves when the event has arrived, with null, or has not, with the reason. */
  send(event: ReplicantEvent): Promise<string | null> {
    return new Promise((settle) => {
      this.#waiting.push({ event, settle });
      this.#lookSoon();
    });
  }

  /** What comes in the same turn goes together. */
  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      while (this.#calls < this.bounds.mostCalls) {
        const load = this.#take();
        if (load.length === 0) return;
        void this.#carry(load);
      }
    });
  }

  /** From the front, what one call may hold; a subject that has something on the way, or was left behind, waits. */
  #take(): readonly Waiting[] {
    const load: Waiting[] = [];
    const left: Waiting[] = [];
    const held = new Set(this.#onTheWay);
    for (const one of this.#waiting) {
      const { subject } = one.event;
      if (load.length < this.bounds.mostEvents && !held.has(subject)) {
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
    const subjects = new Set(load.map(({ event }) => event.subject));
    for (const subject of subjects) this.#onTheWay.add(subject);
    this.#calls++;
    const problems = await this.#carryAll(load.map(({ event }) => event));
    this.#calls--;
    for (const subject of subjects) this.#onTheWay.delete(subject);
    load.forEach(({ settle }, i) => settle(problems[i] ?? null));
    this.#lookSoon();
  }
}
