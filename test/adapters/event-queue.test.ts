/** The queue in front of one handler, with a clock moved by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_DELIVERIES, newCounters, pauseMs, type DeliveryOutcome } from "#shared/adapters/event-delivery.ts";
import { eventQueue } from "#shared/adapters/event-queue.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import { aModelEvent } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function queueOf(
  outcome: (text: string, deliveryCount: number) => Promise<DeliveryOutcome> | DeliveryOutcome,
  again: boolean,
  maxInFlight?: number,
) {
  const clock = new ManualClock();
  const counters = newCounters();
  const calls: string[] = [];
  const queue = eventQueue(
    async (raw, deliveryCount) => {
      const text = new TextDecoder().decode(raw);
      calls.push(`${text}${deliveryCount}`);
      return outcome(text, deliveryCount);
    },
    { again, maxInFlight },
    { clock, counters, log: () => {} },
  );
  return { clock, counters, calls, queue };
}

test("pauses grow from a quarter of a second to ten", () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 50].map((count) => pauseMs(count)),
    [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
  );
});

test("queue: a refused event comes again after its pause, others meanwhile", async () => {
  const { clock, calls, queue } = queueOf((text, count) => (text === "a" && count < 3 ? "failed" : "handled"), true);
  queue.push(bytes("a"));
  queue.push(bytes("b"));
  await clock.advance(249);
  assert.deepEqual(calls, ["a1", "b1"]);
  await clock.advance(1);
  await clock.advance(500);
  await clock.advance(60_000);
  assert.deepEqual(calls, ["a1", "b1", "a2", "a3"]);
  await queue.close();
});

test("queue: an event that is always refused is given up in the end", async () => {
  const { clock, counters, calls, queue } = queueOf(() => "failed", true);
  queue.push(bytes("a"));
  for (let minute = 0; minute < 15; minute++) await clock.advance(60_000);
  assert.equal(calls.length, MAX_DELIVERIES);
  assert.equal(counters.dropped, 1);
  await queue.close();
});

test("queue: the oldest give way behind a handler that does not keep up", async () => {
  let release = () => {};
  const held = new Promise<DeliveryOutcome>((resolve) => (release = () => resolve("handled")));
  const { counters, calls, queue } = queueOf((text) => (text === "first" ? held : "handled"), false);
  queue.push(bytes("first"));
  for (let number = 0; number < 1_003; number++) queue.push(bytes(`${number}.`));
  assert.equal(counters.dropped, 3);
  release();
  await eventually(() => calls.length === 1_001, { what: "the rest" });
  assert.deepEqual([calls[0], calls[1], calls.at(-1)], ["first1", "3.1", "1002.1"]);
  await queue.close();
});

test("queue: as many at once as it may, begun in their order; whoever waits goes on when one is done", async () => {
  const releases: (() => void)[] = [];
  const { calls, queue } = queueOf(
    () => new Promise<DeliveryOutcome>((resolve) => releases.push(() => resolve("handled"))),
    false,
    3,
  );
  for (const text of "abcde") queue.push(bytes(text));
  assert.deepEqual(calls, ["a1", "b1", "c1"]);
  releases[1]!();
  await eventually(() => calls.length === 4, { what: "the one that waited" });
  assert.equal(calls.at(-1), "d1");
  releases.forEach((release) => release());
  await eventually(() => calls.length === 5, { what: "the last" });
  releases.forEach((release) => release());
  await queue.close();
});

test("queue: closed, it forgets what waits and what was to come again", async () => {
  const { clock, calls, queue } = queueOf(() => "failed", true);
  queue.push(bytes("a"));
  await clock.advance(0);
  await queue.close();
  queue.push(bytes("b"));
  await clock.advance(60_000);
  assert.deepEqual(calls, ["a1"]);
});

test("memory bus: a refused event comes again until it is too old", async () => {
  const clock = new ManualClock(1_000_000);
  const bus = memoryBus({ clock });
  let calls = 0;
  await bus.subscribe(
    "model",
    async () => {
      calls++;
      throw new Error("never");
    },
    { durable: "test", maxAgeMs: 2_000 },
  );
  await bus.publish(aModelEvent(1, clock.nowMs()));
  for (let step = 0; step < 40; step++) await clock.advance(250);
  // At 0, 250, 750 and 1 750 ms; the next would be at 3 750.
  assert.equal(calls, 4);
  assert.deepEqual(bus.counters(), {
    published: 1,
    received: 4,
    dropped: 1,
    undecodable: 0,
    foreign: 0,
    redelivered: 3,
  });
  await bus.close();
});
