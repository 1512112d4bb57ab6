/** From bytes to the handler, as the port promises it, whatever carries the bytes. */
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { decodeEvent } from "../events/codec.ts";
import { sourcesOf } from "../events/bus-users.ts";
import { SUBJECTS, type EventKind } from "../events/subjects.ts";
import type { ReplicantEvent } from "../events/types.ts";
import type { EventHandler, SubscribeOptions } from "../ports/event-bus.ts";

/** Since the bus was opened. */
export interface BusCounters {
  /** Events the bus took. */
  published: number;
  /** Handed to a handler, again or for the first time. */
  received: number;
  /** Not handed over, or not again: too old, or refused by the handler too often. */
  dropped: number;
  /** Passed over because the bytes were no such event. */
  undecodable: number;
  /** Passed over because they did not come from the part that may publish their kind. */
  foreign: number;
  /** Of the received: those that had been handed over before. */
  redelivered: number;
}

/** All counters at 0. */
export function newCounters(): BusCounters {
  return { published: 0, received: 0, dropped: 0, undecodable: 0, foreign: 0, redelivered: 0 };
}

/** Where a bus reports what it did: sentences. */
export type BusLog = (message: string) => void;

/** Logs nothing. */
export const silent: BusLog = () => {};

/** What a bus needs besides the bytes. */
export interface DeliveryWorld {
  readonly clock: Clock;
  readonly counters: BusCounters;
  readonly log: BusLog;
}

/** `failed`: the handler rejected, and the event may come again. */
export type DeliveryOutcome = "handled" | "failed" | "too-old" | "too-soon" | "undecodable" | "foreign";

/** `doubt`: what the carrier knows against the message, null for nothing. */
export type Deliver = (bytes: Uint8Array, deliveryCount: number, doubt?: string | null) => Promise<DeliveryOutcome>;

/** An event that a handler refused so often is given up: about eight minutes of growing pauses. */
export const MAX_DELIVERIES = 50;

/** The pause before delivery number `deliveryCount` + 1: 250 ms, doubled each time, at most 10 s. */
export function pauseMs(deliveryCount: number): number {
  return Math.min(10_000, 250 * 2 ** Math.min(deliveryCount - 1, 10));
}

/** One attempt to hand an event over; never rejects. */
export function delivery<K extends EventKind>(
  kind: K,
  handler: EventHandler<K>,
  { maxAgeMs, atMostEveryMs = 0 }: Pick<SubscribeOptions, "maxAgeMs" | "atMostEveryMs">,
  { clock, counters, log }: DeliveryWorld,
): Deliver {
  const sources = sourcesOf(kind);
  let handedOverAtMs = -Infinity;
  // A clock that is set back must not make a listener deaf until it has caught up.
  const isTooSoon = () => Math.abs(clock.nowMs() - handedOverAtMs) < atMostEveryMs;
  const foreign = (because: string): DeliveryOutcome => {
    counters.foreign++;
    log(`passed over a message on '${SUBJECTS[kind]}': ${because}`);
    return "foreign";
  };
  return async (bytes, deliveryCount, doubt = null) => {
    if (doubt !== null) return foreign(doubt);
    if (isTooSoon()) return "too-soon";
    let event: ReplicantEvent<K>;
    try {
      event = decodeEvent(kind, bytes);
    } catch (thrown) {
      counters.undecodable++;
      log(`passed over an event: ${messageOf(thrown)}`);
      return "undecodable";
    }
    if (!sources.includes(event.source)) return foreign(`its source is '${event.source.slice(0, 200)}'`);
    if (maxAgeMs !== undefined && clock.nowMs() - Date.parse(event.time) > maxAgeMs) {
      counters.dropped++;
      return "too-old";
    }
    handedOverAtMs = clock.nowMs();
    counters.received++;
    if (deliveryCount > 1) counters.redelivered++;
    try {
      await handler(event, bytes);
      return "handled";
    } catch (thrown) {
      log(`the handler refused '${event.id}' (delivery ${deliveryCount}): ${messageOf(thrown)}`);
      return "failed";
    }
  };
}
