/** An event bus inside one process, with the codec and the delivery rules of the real one: for tests and simulation. */
import type { Clock } from "#shared/core/clock.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import type { EventKind } from "#shared/events/subjects.ts";
import { BusUnavailableError, type EventBus } from "#shared/ports/event-bus.ts";
import {
  delivery,
  newCounters,
  silent,
  type BusCounters,
  type BusLog,
  type DeliveryWorld,
} from "#shared/adapters/event-delivery.ts";
import { eventQueue, type EventQueue } from "#shared/adapters/event-queue.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";

interface Member {
  readonly queue: string | null;
  readonly events: EventQueue;
}

/** What several memory buses share, as several connections share a server. */
export class MemoryBroker {
  readonly #members = new Map<EventKind, Set<Member>>();
  #turn = 0;

  /** Hands bytes to every subscription of the kind, to one of each queue; also what tests use to say nonsense. */
  send(kind: EventKind, bytes: Uint8Array): void {
    const queues = new Map<string, Member[]>();
    for (const member of this.#members.get(kind) ?? []) {
      if (member.queue === null) member.events.push(bytes);
      else queues.set(member.queue, [...(queues.get(member.queue) ?? []), member]);
    }
    if (queues.size > 0) this.#turn++;
    for (const members of queues.values()) members[this.#turn % members.length]!.events.push(bytes);
  }

  join(kind: EventKind, member: Member): () => void {
    const members = this.#members.get(kind) ?? new Set();
    this.#members.set(kind, members.add(member));
    return () => void members.delete(member);
  }
}

export interface MemoryBusOptions {
  readonly broker?: MemoryBroker;
  readonly clock?: Clock;
  readonly log?: BusLog;
}

export type MemoryBus = EventBus & { counters(): Readonly<BusCounters> };

export function memoryBus({
  broker = new MemoryBroker(),
  clock = systemClock,
  log = silent,
}: MemoryBusOptions = {}): MemoryBus {
  const world: DeliveryWorld = { clock, log, counters: newCounters() };
  const closers = new Set<() => Promise<void>>();
  let closed = false;

  return {
    counters: () => ({ ...world.counters }),
    state: () => (closed ? "closed" : "connected"),

    async publish(event) {
      if (closed) throw new BusUnavailableError(`event '${event.id}' came after the bus was closed`);
      broker.send(event.kind, encodeEvent(event));
      world.counters.published++;
    },

    async subscribe(kind, handler, { durable, queue, maxInFlight, ...wanted } = {}) {
      if (closed) throw new BusUnavailableError(`subscription to '${kind}' came after the bus was closed`);
      const deliver = delivery(kind, handler, wanted, world);
      const events = eventQueue(deliver, { again: durable !== undefined, maxInFlight }, world);
      const leave = broker.join(kind, { queue: queue ?? durable ?? null, events });
      const close = async () => {
        leave();
        closers.delete(close);
        await events.close();
      };
      closers.add(close);
      return { close };
    },

    async close() {
      closed = true;
      await Promise.all([...closers].map((close) => close()));
    },
  };
}
