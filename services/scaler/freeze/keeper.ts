/**
 * Keeps what is frozen: in a file of this scaler, and where replicas share a store, there as well. Each reads both every second,
 * so that an order given to one is every replica's. While neither could be read, everything is held.
 */
import { randomUUID } from "node:crypto";

import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { TextStore } from "#shared/ports/text-store.ts";
import {
  carryOut,
  freezeNamed,
  freezeOf,
  frozenNames,
  NO_ORDERS,
  ordersText,
  parseOrders,
  together,
  type GivenOrder,
  type Order,
  type Orders,
} from "./orders.ts";

const LOOK_EVERY_MS = 1_000;

/** The scaler's own file, a clock and a log. */
export interface FreezeKeeperDeps {
  readonly file: TextStore;
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Where an order was stored. */
export interface Ordered {
  /** Where the order is written, and survives. */
  readonly kept: readonly string[];
  /** Where it could not be written yet, and why. */
  readonly problems: readonly string[];
}

/** `expected`: there may be a shared store, but it was not reached yet. `none`: replicas share nothing. */
type Shared = TextStore | "expected" | "none";

/** Knows what is frozen, and stores orders. */
export class FreezeKeeper {
  #orders: Orders | null = null;
  #shared: Shared = "expected";
  /** Given while it was not known what was in force. */
  #unfounded: readonly GivenOrder[] = [];
  #isEmptyFile = false;
  #problems: readonly string[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(readonly deps: FreezeKeeperDeps) {}

  /** From now on replicas share their orders; null: they cannot. */
  async share(store: TextStore | null): Promise<void> {
    this.#shared = store ?? "none";
    await this.look();
  }

  /** Why a function may not be scaled, in words; null when it may. */
  frozen(functionName: string): string | null {
    const found = freezeOf(this.#orders ?? this.#provisional, functionName);
    if (found !== null) return `frozen by ${found.by} since ${found.since}`;
    return this.#orders === null ? "frozen by caution: what is frozen could not be read yet" : null;
  }

  status(): { readonly frozen: string; readonly problems: readonly string[] } {
    const orders = this.#orders ?? this.#provisional;
    const all = freezeNamed(orders, null);
    const spoken = (name: string | null) => {
      const { by, since } = freezeNamed(orders, name)!;
      return `${name ?? "everything"}, by ${by} since ${since}`;
    };
    const words = all !== null ? spoken(null) : frozenNames(orders).map(spoken).join("; ") || "nothing";
    const frozen = this.#orders === null && all === null ? "everything, until what is frozen could be read" : words;
    return { frozen, problems: this.#problems };
  }

  /** Takes effect at once, whatever can be written. A thaw that cannot be written anywhere has no effect. */
  order(order: Order): Promise<Ordered> {
    return this.#inTurn(async (): Promise<Ordered> => {
      const before = { orders: this.#orders, unfounded: this.#unfounded };
      const given = { ...order, id: randomUUID() };
      if (this.#orders === null) this.#unfounded = [...this.#unfounded, given];
      else this.#orders = carryOut(this.#orders, given);
      const done = await this.#write();
      if (done.kept.length === 0 && order.action === "thaw") {
        this.#orders = before.orders;
        this.#unfounded = before.unfounded;
      }
      const { action, functionName } = order;
      this.deps.log.info({ event: action, functionName, by: order.freeze.by, ...done }, `${action} was ordered`);
      return done;
    });
  }

  /** Reads both places, goes by all that is known, and brings both up to it. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      const problems: string[] = [];
      const read = async (store: TextStore): Promise<Orders | null | "unread"> => {
        try {
          const text = await store.read();
          if (text === null) return null;
          const { orders, unfounded } = parseOrders(text);
          if (unfounded.length === 0) return orders;
          // Written by this scaler before it ended: as if they had been given now.
          if (this.#orders === null && this.#unfounded.length === 0) this.#unfounded = unfounded;
          return null;
        } catch (thrown) {
          problems.push(`what is frozen could not be read from the ${store.place}: ${messageOf(thrown)}`);
          return "unread";
        }
      };
      const shared = this.#shared;
      const inFile = await read(this.deps.file);
      const inStore = typeof shared === "string" ? "unread" : await read(shared);
      this.#isEmptyFile = inFile === null;
      this.#learn([inFile, inStore]);
      const orders = this.#orders;
      if (orders !== null && orders.number > 0) {
        const text = ordersText(orders);
        if (inFile !== "unread" && isBehind(inFile, text)) await this.#put(this.deps.file, text, problems);
        if (typeof shared !== "string" && inStore !== "unread" && isBehind(inStore, text)) {
          await this.#put(shared, text, problems);
        }
      }
      this.#report(problems);
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await this.deps.clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  get #provisional(): Orders {
    return this.#unfounded.reduce(carryOut, NO_ORDERS);
  }

  #learn(read: readonly (Orders | null | "unread")[]): void {
    const [, inStore] = read;
    const found = read.filter((one) => one !== "unread" && one !== null);
    const known = this.#orders === null ? found : [this.#orders, ...found];
    // An empty file says nothing where replicas share a store: this one may be new.
    const mayBeEmpty = inStore === null || (this.#shared === "none" && this.#isEmptyFile);
    if (known.length === 0 && !mayBeEmpty) return;
    const founded = known.reduce(together, NO_ORDERS);
    this.#orders = this.#unfounded.reduce(carryOut, founded);
    this.#unfounded = [];
  }

  async #write(): Promise<Ordered> {
    const problems: string[] = [];
    const kept: string[] = [];
    const shared = this.#shared;
    const text = this.#orders === null ? ordersText(NO_ORDERS, this.#unfounded) : ordersText(this.#orders);
    // The others get to know it as soon as it is founded on what was in force.
    const stores = [this.deps.file, ...(typeof shared === "string" || this.#orders === null ? [] : [shared])];
    for (const store of stores) if (await this.#put(store, text, problems)) kept.push(store.place);
    if (shared !== "none" && stores.length === 1) problems.push("other replicas learn of it when the bus is back");
    return { kept, problems };
  }

  async #put(store: TextStore, text: string, problems: string[]): Promise<boolean> {
    try {
      await store.write(text);
      return true;
    } catch (thrown) {
      problems.push(`it could not be written to the ${store.place}: ${messageOf(thrown)}`);
      return false;
    }
  }

  #report(problems: readonly string[]): void {
    for (const problem of problems) if (!this.#problems.includes(problem)) this.deps.log.warn({ problem }, "freeze");
    this.#problems = problems;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

function isBehind(stored: Orders | null, text: string): boolean {
  return stored === null || ordersText(stored) !== text;
}
