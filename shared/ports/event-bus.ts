/** How parts send each other events. */
import type { EventKind } from "../events/subjects.ts";
import type { ReplicantEvent } from "../events/types.ts";

/** How events are delivered to one subscription. */
export interface SubscribeOptions {
  /** Where the bus can: a name under which delivery resumes after a restart, acknowledged when the handler resolves. */
  readonly durable?: string;
  /** Members of a queue share the events; each event reaches one of them. */
  readonly queue?: string;
  /** Older events are dropped, not handed over: a late decision is worse than none. Real milliseconds. */
  readonly maxAgeMs?: number;
  /** Events that may be in the handler's hands at the same time; they are begun in their order. Default 1: one after another. */
  readonly maxInFlight?: number;
  /** What comes sooner after the last event handed over is passed over unread: for a listener whom any of them serves. Real milliseconds. */
  readonly atMostEveryMs?: number;
}

/** `bytes`: what the event was decoded from, for who passes it on. */
export type EventHandler<K extends EventKind> = (event: ReplicantEvent<K>, bytes: Uint8Array) => Promise<void>;

/** A subscription that is active until it is closed. */
export interface Subscription {
  /** Takes no more events; resolves when the handler's last call has ended. */
  close(): Promise<void>;
}

/** The state of the connection to the bus. */
export type BusState = "connected" | "reconnecting" | "closed";

/** Publishes events and delivers them to subscribers. */
export interface EventBus {
  /** Resolves when the bus has it (acknowledged where it can be); rejects with `BusUnavailableError` after `timeoutMs`. */
  publish(event: ReplicantEvent): Promise<void>;
  /**
   * Hands over events in their order, one after another or as many at once as the options say. An event that cannot be decoded is
   * counted, logged and passed over; a handler that rejects makes a durable event come again, with growing pauses, until it is too old.
   */
  subscribe<K extends EventKind>(kind: K, handler: EventHandler<K>, options?: SubscribeOptions): Promise<Subscription>;
  state(): BusState;
  close(): Promise<void>;
}

/** The event could not be handed to the bus in time; it may be tried again under the same id. */
export class BusUnavailableError extends Error {
  override readonly name = "BusUnavailableError";
}
