/** How many calls of a slot are late at each count of replicas, in expectation over random routes. */
import { seededRandom } from "../../core/random.ts";
import type { Schedule } from "../../traces/schedule.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import { SharedReplicas } from "./shared-replicas.ts";
import type { Slots } from "./slots.ts";

/** So many calls are behind each entry, at first and when refined: the routes of a slot with few calls are drawn several times. */
const ROUGH_CALLS = 200;
const FINE_CALLS = 1500;
const MAX_DRAWS = 100;
/** Of all slots together, at most: a month of traffic has its noise averaged by its length. */
const ALL_ROUGH_CALLS = 1_000_000;
const ALL_FINE_CALLS = 6_000_000;
/** Counts beyond the one at which so small a share is late are entered as if none were, until they are refined. */
const HARDLY_ANY_LATE = 0.005;

/** Late calls by slot and count, rough at first and refined where a search looks closer. */
export class LateTable {
  readonly mostReplicas: number;
  /** Late calls of slot k at n replicas: `late[k × (mostReplicas + 1) + n]`. At 0 replicas all are late. */
  readonly late: Float32Array;
  readonly #slots: Slots;
  readonly #replicas: SharedReplicas;
  readonly #isFine: Uint8Array;
  readonly #fineCalls: number;
  #routes = new Float64Array(1024);

  /**
   * Each slot is played on its own, from empty replicas at the start of the slot before it, nothing coming after it, with
   * routes drawn anew: an expectation over routing, not the luck of a seed. What is left out can only make calls later.
   */
  constructor(schedule: Schedule, slots: Slots, profile: SimProfile, mostReplicas: number) {
    const width = mostReplicas + 1;
    this.mostReplicas = mostReplicas;
    this.late = new Float32Array(slots.count * width);
    this.#slots = slots;
    this.#replicas = new SharedReplicas(schedule, profile);
    this.#isFine = new Uint8Array(slots.count * width);
    this.#fineCalls = Math.min(FINE_CALLS, ALL_FINE_CALLS / slots.count);
    const roughCalls = Math.min(ROUGH_CALLS, ALL_ROUGH_CALLS / slots.count);
    for (let slot = 0; slot < slots.count; slot++) {
      const calls = slots.first[slot + 1]! - slots.first[slot]!;
      this.late[slot * width] = calls;
      for (let n = 1; n < width && calls > 0; n++) {
        const late = this.#live(slot, n, roughCalls);
        this.late[slot * width + n] = late;
        if (late < HARDLY_ANY_LATE * calls) break;
      }
    }
  }

  /** Makes the entry as exact as it gets; false when it was. */
  refine(slot: number, replicas: number): boolean {
    const at = slot * (this.mostReplicas + 1) + replicas;
    if (replicas === 0 || this.#isFine[at] === 1) return false;
    this.#isFine[at] = 1;
    this.late[at] = this.#live(slot, replicas, this.#fineCalls);
    return true;
  }

  #live(slot: number, replicas: number, callsBehind: number): number {
    const { first: firstOf } = this.#slots;
    const [from, first, end] = [firstOf[Math.max(0, slot - 1)]!, firstOf[slot]!, firstOf[slot + 1]!];
    if (end === first) return 0;
    const draws = Math.min(MAX_DRAWS, Math.max(1, Math.ceil(callsBehind / (end - first))));
    if (this.#routes.length < end - from) this.#routes = new Float64Array(2 * (end - from));
    // The same draws for every count of a slot: what counts is the difference between them.
    const random = seededRandom(`routes/${slot}`);
    let late = 0;
    for (let draw = 0; draw < draws; draw++) {
      for (let i = 0; i < end - from; i++) this.#routes[i] = random.next();
      late += this.#replicas.lateOf({ from, first, end }, replicas, this.#routes);
    }
    return late / draws;
  }
}
