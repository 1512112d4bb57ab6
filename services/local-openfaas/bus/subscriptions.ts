/** Who receives what: literal subjects by name, patterns one by one (there are few: an inbox per client). */
import { hasWildcard, matches } from "./subjects.ts";

/** One subscription of one client. */
export interface Subscriber<Client> {
  readonly client: Client;
  readonly sid: string;
  readonly pattern: string;
  /** Of the subscribers of a queue that match, one receives a message. */
  readonly queue: string | null;
  /** Ends by itself after so many messages. */
  max: number | null;
  delivered: number;
}

/** The subscriptions of all clients. */
export class Subscriptions<Client> {
  readonly #literal = new Map<string, Set<Subscriber<Client>>>();
  readonly #wild = new Map<Subscriber<Client>, readonly string[]>();
  readonly #random: () => number;

  /** `random` in [0, 1) chooses the member of a queue. */
  constructor(random: () => number) {
    this.#random = random;
  }

  add(subscriber: Subscriber<Client>): void {
    if (hasWildcard(subscriber.pattern)) {
      this.#wild.set(subscriber, subscriber.pattern.split("."));
      return;
    }
    const same = this.#literal.get(subscriber.pattern);
    if (same) same.add(subscriber);
    else this.#literal.set(subscriber.pattern, new Set([subscriber]));
  }

  remove(subscriber: Subscriber<Client>): void {
    if (this.#wild.delete(subscriber)) return;
    const same = this.#literal.get(subscriber.pattern);
    if (same?.delete(subscriber) && same.size === 0) this.#literal.delete(subscriber.pattern);
  }

  /** Every subscriber that matches, queues not yet reduced to one. */
  matching(subject: string): Subscriber<Client>[] {
    const found = [...(this.#literal.get(subject) ?? [])];
    if (this.#wild.size > 0) {
      const tokens = subject.split(".");
      for (const [subscriber, pattern] of this.#wild) if (matches(pattern, tokens)) found.push(subscriber);
    }
    return found;
  }

  /** Those who get a message on `subject`: all without a queue, one of each queue; `except` is the sender who wants no echo. */
  audience(subject: string, except: Client | null): Subscriber<Client>[] {
    const audience: Subscriber<Client>[] = [];
    const queues = new Map<string, Subscriber<Client>[]>();
    for (const subscriber of this.matching(subject)) {
      if (subscriber.client === except) continue;
      if (subscriber.queue === null) {
        audience.push(subscriber);
        continue;
      }
      const members = queues.get(subscriber.queue);
      if (members) members.push(subscriber);
      else queues.set(subscriber.queue, [subscriber]);
    }
    for (const members of queues.values()) audience.push(members[Math.floor(this.#random() * members.length)]!);
    return audience;
  }
}
