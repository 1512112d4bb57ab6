/** A durable subscription: the server remembers how far the handler got. */
import {
  AckPolicy,
  DeliverPolicy,
  type Consumer,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";

import { messageOf } from "../../core/errors.ts";
import type { Subscription } from "../../ports/event-bus.ts";
import { MAX_DELIVERIES, pauseMs, type Deliver, type DeliveryWorld } from "../event-delivery.ts";
import { secondHand } from "./first-hand.ts";
import type { StreamState } from "./stream.ts";

/** The consumer that a durable subscription reads from. */
export interface DurableOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: string;
  /** Default 1: one event after another. */
  readonly maxInFlight?: number | undefined;
}

/** Without a sign of life in this time, an event is handed to the next member. */
const ACK_WAIT_MS = 30_000;
const SIGN_OF_LIFE_MS = 10_000;
/** One request for an event waits so long at the server; a lost server is noticed in the same time. */
const PULL_MS = 5_000;
const RETRY_MS = 500;
/** All members' events in their handlers, and the refused ones that pause. */
const MAX_UNACKNOWLEDGED = 64;

/**
 * Pulls no more events than the handler may have in hand: nothing waits unseen in this process, so a handler may be slow.
 * `declare` makes stream and consumer again when the server came back without them.
 */
export async function subscribeDurably(
  jsm: JetStreamManager,
  { stream, consumer: name, subject, maxInFlight = 1 }: DurableOptions,
  declareStream: () => Promise<StreamState>,
  deliver: Deliver,
  world: DeliveryWorld,
): Promise<Subscription> {
  const closing = new AbortController();
  let pulling: ConsumerMessages | null = null;
  const inHand = new Set<Promise<void>>();
  /** When the stream was made that we last saw; `none` after we saw that there is none, null before the first look. */
  let known: string | null = null;

  /** Null while the stream is another's to make and not there. */
  async function declare(): Promise<Consumer | null> {
    if ((await declareStream()) === "absent") {
      known = "none";
      return null;
    }
    const { created } = await jsm.streams.info(stream);
    // One that came under our eyes holds nothing but what was published since, and all of that is for us.
    const isNew = known !== null && known !== created;
    const config = {
      durable_name: name,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: isNew ? DeliverPolicy.All : DeliverPolicy.New,
      max_ack_pending: MAX_UNACKNOWLEDGED,
    };
    const problem = await jsm.consumers.add(stream, config).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    const consumer = await jsm
      .jetstream()
      .consumers.get(stream, name)
      .catch(() => null);
    // Another member may have made it, from its own beginning: that one counts.
    if (consumer === null) {
      throw new Error(`consumer '${name}' could not be made: ${messageOf(problem)}`, { cause: problem });
    }
    known = created;
    return consumer;
  }

  /** Its promise resolves only when the loop over the messages goes on: waiting for it here could wait for ever. */
  function stopPulling(): void {
    void pulling?.close();
  }

  async function pull(consumer: Consumer): Promise<void> {
    while (inHand.size >= maxInFlight) await Promise.race(inHand);
    if (closing.signal.aborted) return;
    pulling = await consumer.fetch({ max_messages: maxInFlight - inHand.size, expires: PULL_MS });
    if (closing.signal.aborted) stopPulling();
    for await (const message of pulling) take(message);
  }

  function take(message: JsMsg): void {
    const handling = handle(message).catch((thrown: unknown) => {
      world.log(`an event of '${subject}' could not be acknowledged: ${messageOf(thrown)}`);
    });
    inHand.add(handling);
    void handling.then(() => inHand.delete(handling));
  }

  async function handle(message: JsMsg): Promise<void> {
    // Came in the moment of closing: the next member shall not wait for it.
    if (closing.signal.aborted) return message.nak();
    const deliveryCount = message.info.deliveryCount;
    const alive = setInterval(() => message.working(), SIGN_OF_LIFE_MS);
    const outcome = await deliver(message.data, deliveryCount, secondHand(message, subject)).finally(() =>
      clearInterval(alive),
    );
    if (outcome === "undecodable" || outcome === "foreign") return message.term();
    if (outcome !== "failed") return message.ack();
    if (deliveryCount < MAX_DELIVERIES) return message.nak(pauseMs(deliveryCount));
    world.counters.dropped++;
    world.log(`gave an event of '${subject}' up after ${deliveryCount} deliveries`);
    message.term();
  }

  async function work(first: Consumer | null): Promise<void> {
    let consumer = first;
    while (!closing.signal.aborted) {
      try {
        consumer ??= await declare();
        if (consumer) await pull(consumer);
        else await world.clock.sleep(RETRY_MS, closing.signal);
      } catch (thrown) {
        if (closing.signal.aborted) return;
        world.log(`subscription '${name}' tries again: ${messageOf(thrown)}`);
        consumer = null;
        await world.clock.sleep(RETRY_MS, closing.signal);
      }
    }
  }

  const working = work(await declare());
  return {
    async close() {
      closing.abort();
      stopPulling();
      await working;
      await Promise.all(inHand);
    },
  };
}
