/** The event bus on NATS: kept and acknowledged where the server has JetStream, plain otherwise. */
import { jetstream } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";

import type { Clock } from "../../core/clock.ts";
import { BadInputError, messageOf } from "../../core/errors.ts";
import { decodeEvent, encodeEvent } from "../../events/codec.ts";
import type { ReplicantEvent } from "../../events/types.ts";
import { sourcesOf } from "../../events/bus-users.ts";
import { isKept, streamName, subjectOf, type EventKind } from "../../events/subjects.ts";
import { BusUnavailableError, type EventBus, type Subscription } from "../../ports/event-bus.ts";
import { delivery, newCounters, silent, type BusCounters, type BusLog, type DeliveryWorld } from "../event-delivery.ts";
import { eventQueue } from "../event-queue.ts";
import { systemClock } from "../system-clock.ts";
import { confirmations } from "./confirmations.ts";
import { openConnection, type ConnectionOptions } from "./connection.ts";
import { subscribeDurably } from "./durable.ts";
import { secondHand } from "./first-hand.ts";
import { messageId } from "./message-id.ts";
import { declareStream, findJetStream, isJetStreamMissing, STREAM_BOUNDS } from "./stream.ts";

/** The connection, and how the bus works over it. */
export interface NatsBusOptions extends ConnectionOptions {
  /** First token of every subject. Default `replicant`. */
  readonly subjectPrefix?: string | undefined;
  /** How long `publish` tries. Default 10 s. */
  readonly publishTimeoutMs?: number | undefined;
  /** Bounds of the stream, when it has to be made. Defaults 256 MiB and 24 h. */
  readonly streamMaxBytes?: number | undefined;
  readonly streamMaxAgeMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: BusLog | undefined;
}

/** The event bus, with what is particular to NATS. */
export type NatsBus = EventBus & {
  /** `jetstream`: events are kept and acknowledged; `core`: who is not there misses them. */
  readonly delivery: "jetstream" | "core";
  counters(): Readonly<BusCounters>;
  /** The newest event of a kind that the server keeps; null where it keeps none. Rejects when it cannot be asked. */
  newest<K extends EventKind>(kind: K): Promise<ReplicantEvent<K> | null>;
};

const ATTEMPT_MS = 2_000;
const MAX_PAUSE_MS = 500;

/**
 * Resolves when connected. Rejects with `BusRefusedError` for bad credentials, with `BusUnavailableError` when
 * `connectTimeoutMs` passes, with `BadInputError` for an address or a prefix that cannot be.
 */
export async function natsBus(options: NatsBusOptions): Promise<NatsBus> {
  const { subjectPrefix: prefix = "replicant", publishTimeoutMs = 10_000, clock = systemClock, log = silent } = options;
  const { streamMaxBytes: maxBytes = STREAM_BOUNDS.maxBytes, streamMaxAgeMs: maxAgeMs = STREAM_BOUNDS.maxAgeMs } =
    options;
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(prefix)) {
    throw new BadInputError(`the subject prefix must be letters, digits, '-', '_' and dots, was: '${prefix}'`);
  }
  const world: DeliveryWorld = { clock, log, counters: newCounters() };
  const connection = await openConnection(options, clock, log);
  const { nc } = connection;
  const subscriptions = new Set<Subscription>();
  const streamOptions = { maxBytes, maxAgeMs, mayMake: connection.user === null, isOurs: false };

  const jsm = await openJetStream();
  const js = jsm && jetstream(nc);
  async function openJetStream() {
    try {
      const found = await findJetStream(nc);
      if (found && (await declareStream(found, prefix, streamOptions)) === "absent")
        log(`stream '${streamName(prefix)}' is not there yet: it is there when the bus is set up`);
      return found;
    } catch (thrown) {
      await connection.close();
      throw thrown;
    }
  }
  const declare = async () => (jsm ? declareStream(jsm, prefix, streamOptions) : "ready");
  // A server may come back without its store.
  connection.onReconnect(
    () => void declare().catch((thrown: unknown) => log(`the stream could not be declared: ${messageOf(thrown)}`)),
  );

  const confirmed = confirmations(() => nc.flush(), clock);

  /** One attempt to publish. Rejects when the server did not confirm within `timeoutMs`, or the connection broke. */
  function attempt(subject: string, bytes: Uint8Array, id: string | null, timeoutMs: number): Promise<unknown> {
    if (js && id !== null) return connection.unlessLost(js.publish(subject, bytes, { msgID: id, timeout: timeoutMs }));
    // A plain publish is lost without an error when the connection breaks: the answer that follows it shows whether it arrived.
    nc.publish(subject, bytes);
    return connection.unlessLost(confirmed(timeoutMs));
  }

  return {
    delivery: jsm ? "jetstream" : "core",
    counters: () => ({ ...world.counters }),
    state: () => connection.state(),

    async newest(kind) {
      if (!jsm || !isKept(kind)) return null;
      const message = await jsm.streams.getMessage(streamName(prefix), { last_by_subj: subjectOf(kind, prefix) });
      if (!message || secondHand({ subject: message.subject, headers: message.header }, subjectOf(kind, prefix)))
        return null;
      const event = decodeEvent(kind, message.data);
      return sourcesOf(kind).includes(event.source) ? event : null;
    },

    async publish(event) {
      const bytes = encodeEvent(event);
      const most = nc.info?.max_payload ?? Infinity;
      if (bytes.length > most) {
        throw new BadInputError(
          `event '${event.id}' has ${bytes.length} bytes; the bus at ${connection.spoken} takes at most ${most}`,
        );
      }
      const subject = subjectOf(event.kind, prefix);
      // Once for all attempts: a password that changes between two of them must not make two events of one.
      const id = js && isKept(event.kind) ? messageId(connection.identity(), event.id) : null;
      const untilMs = clock.nowMs() + publishTimeoutMs;
      let why = "the connection is down";
      for (let tries = 0; ; tries++) {
        const leftMs = untilMs - clock.nowMs();
        if (connection.state() === "closed")
          throw new BusUnavailableError(`event '${event.id}' came after the bus was closed`);
        if (leftMs <= 0) {
          throw new BusUnavailableError(
            `the bus at ${connection.spoken} did not take event '${event.id}' within ${publishTimeoutMs} ms: ${why}`,
          );
        }
        if (!(await connection.connected(leftMs))) continue;
        try {
          await attempt(subject, bytes, id, Math.min(ATTEMPT_MS, Math.max(1, leftMs)));
          world.counters.published++;
          return;
        } catch (thrown) {
          why = reasonOf(thrown, subject);
          if (isJetStreamMissing(thrown)) await declare().catch(() => {});
          await clock.sleep(
            Math.min(MAX_PAUSE_MS, 25 * 2 ** Math.min(tries, 10), Math.max(0, untilMs - clock.nowMs())),
          );
        }
      }
    },

    async subscribe(kind, handler, { durable, queue, maxInFlight, ...wanted } = {}) {
      if (connection.state() === "closed")
        throw new BusUnavailableError(`subscription to '${kind}' came after the bus was closed`);
      if (durable !== undefined && !/^[A-Za-z0-9_-]+$/.test(durable)) {
        throw new BadInputError(`a durable name must be letters, digits, '-' and '_', was: '${durable}'`);
      }
      const subject = subjectOf(kind, prefix);
      const deliver = delivery(kind, handler, wanted, world);
      const inner =
        jsm && durable !== undefined && isKept(kind)
          ? await subscribeDurably(
              jsm,
              { stream: streamName(prefix), consumer: `${durable}-${kind}`, subject, maxInFlight },
              declare,
              deliver,
              world,
            )
          : await subscribePlainly(subject, queue ?? durable);

      async function subscribePlainly(subject: string, group: string | undefined): Promise<Subscription> {
        const events = eventQueue(deliver, { again: durable !== undefined, maxInFlight }, world);
        const subscription = nc.subscribe(subject, {
          ...(group !== undefined && { queue: group }),
          callback: (error, message) => {
            if (error) log(`the subscription to '${subject}' ended: ${error.message}`);
            else events.push(message.data, secondHand(message, subject));
          },
        });
        // After this the server knows it: an event published now by anyone arrives.
        if (connection.state() === "connected") await nc.flush().catch(() => {});
        return {
          close: async () => {
            if (!subscription.isClosed()) subscription.unsubscribe();
            await events.close();
          },
        };
      }

      const subscription: Subscription = {
        close: async () => {
          subscriptions.delete(subscription);
          await inner.close();
        },
      };
      subscriptions.add(subscription);
      return subscription;
    },

    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await connection.close();
    },
  };
}

/** The client's words for these two mislead. */
function reasonOf(thrown: unknown, subject: string): string {
  if (isJetStreamMissing(thrown)) return `no stream takes '${subject}'`;
  if (thrown instanceof errors.TimeoutError) return "the server did not answer in time";
  return messageOf(thrown);
}
