/** Events waiting for one handler inside this process, for buses that keep nothing themselves. */
import { setMaxListeners } from "node:events";

import { MAX_DELIVERIES, pauseMs, type Deliver, type DeliveryWorld } from "./event-delivery.ts";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly deliveryCount: number;
  readonly doubt: string | null;
}

/** A handler this far behind works on the past: the oldest events give way. */
const MAX_WAITING = 1_000;

/** Events waiting for one handler; holds at most 1,000, then the oldest are dropped and counted. */
export interface EventQueue {
  /** `doubt`: what the carrier knows against the message. */
  push(bytes: Uint8Array, doubt?: string | null): void;
  /** Forgets what waits; resolves when the handler's last call has ended. */
  close(): Promise<void>;
}

/** How events are handed over. */
export interface QueueOptions {
  /** An event that failed comes back after a pause; others do not wait for it. */
  readonly again: boolean;
  /** Default 1: one event after another. */
  readonly maxInFlight?: number | undefined;
}

/** Hands what is pushed to `deliver`; what fails comes back with growing pauses where `again` says so. */
export function eventQueue(
  deliver: Deliver,
  { again, maxInFlight = 1 }: QueueOptions,
  { clock, counters, log }: DeliveryWorld,
): EventQueue {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // One for each event in its pause.
  let waiting: Waiting[] = [];
  let workers = 0;
  const working = new Set<Promise<void>>();

  function push(item: Waiting): void {
    if (closing.signal.aborted) return;
    if (waiting.length >= MAX_WAITING) {
      waiting.shift();
      counters.dropped++;
    }
    waiting.push(item);
    if (workers < maxInFlight) begin();
  }

  function begin(): void {
    workers++;
    const worker = work();
    working.add(worker);
    void worker.then(() => working.delete(worker));
  }

  async function work(): Promise<void> {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      const outcome = await deliver(item.bytes, item.deliveryCount, item.doubt);
      if (outcome === "failed" && again) comeAgain(item);
    }
    // In the same turn as the look that found nothing: whoever pushes next begins another.
    workers--;
  }

  function comeAgain({ bytes, deliveryCount, doubt }: Waiting): void {
    if (deliveryCount >= MAX_DELIVERIES) {
      counters.dropped++;
      log(`gave an event up after ${deliveryCount} deliveries`);
      return;
    }
    void clock
      .sleep(pauseMs(deliveryCount), closing.signal)
      .then(() => push({ bytes, deliveryCount: deliveryCount + 1, doubt }));
  }

  return {
    push: (bytes, doubt = null) => push({ bytes, deliveryCount: 1, doubt }),
    close: async () => {
      closing.abort();
      waiting = [];
      await Promise.all(working);
    },
  };
}
