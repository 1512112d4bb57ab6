/** Events waiting for one handler inside this process, for buses that keep nothing themselves. */
import { setMaxListeners } from "node:events";

import { MOST_DELIVERIES, pauseMs, type Deliver, type DeliveryWorld } from "./event-delivery.ts";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly deliveryCount: number;
}

/** A handler this far behind works on the past: the oldest events give way. */
const MOST_WAITING = 1_000;

export interface EventQueue {
  push(bytes: Uint8Array): void;
  /** Forgets what waits; resolves when the handler's last call has ended. */
  close(): Promise<void>;
}

/** Calls `deliver` for one event after another. With `again`, an event that failed comes back after a pause; others do not wait for it. */
export function eventQueue(deliver: Deliver, again: boolean, { clock, counters, log }: DeliveryWorld): EventQueue {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // One for each event in its pause.
  let waiting: Waiting[] = [];
  let working: Promise<void> | null = null;

  function push(item: Waiting): void {
    if (closing.signal.aborted) return;
    if (waiting.length >= MOST_WAITING) {
      waiting.shift();
      counters.dropped++;
    }
    waiting.push(item);
    working ??= work();
  }

  async function work(): Promise<void> {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      const outcome = await deliver(item.bytes, item.deliveryCount);
      if (outcome === "failed" && again) comeAgain(item);
    }
    // In the same turn as the look that found nothing: whoever pushes next starts anew.
    working = null;
  }

  function comeAgain({ bytes, deliveryCount }: Waiting): void {
    if (deliveryCount >= MOST_DELIVERIES) {
      counters.dropped++;
      log(`gave an event up after ${deliveryCount} deliveries`);
      return;
    }
    void clock
      .sleep(pauseMs(deliveryCount), closing.signal)
      .then(() => push({ bytes, deliveryCount: deliveryCount + 1 }));
  }

  return {
    push: (bytes) => push({ bytes, deliveryCount: 1 }),
    close: async () => {
      closing.abort();
      waiting = [];
      await working;
    },
  };
}
