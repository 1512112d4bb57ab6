/** What every event bus must do; the tests of one bus are this suite and the way to start it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import type { BusCounters } from "#shared/adapters/event-delivery.ts";
import { BusRefusedError } from "#shared/adapters/nats/connection.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import type { EventKind } from "#shared/events/subjects.ts";
import { BusUnavailableError, type EventBus, type SubscribeOptions } from "#shared/ports/event-bus.ts";
import { aModelEvent, aTickEvent, numberOf } from "./an-event.ts";
import { eventually } from "./eventually.ts";

export type CountingBus = EventBus & { counters(): Readonly<BusCounters> };

export interface Traits {
  /** The bus keeps events: a durable subscriber gets what came while it was away. */
  readonly kept: boolean;
  /** There is a server, which can go away and refuse. */
  readonly served: boolean;
}

export interface BusUnderTest {
  /** One more connection. */
  open(options?: { readonly publishTimeoutMs?: number; readonly token?: string }): Promise<CountingBus>;
  /** Says bytes past the codec. */
  say(kind: EventKind, bytes: Uint8Array): Promise<void>;
  readonly server: { kill(): Promise<void>; restart(forgetful?: boolean): Promise<void> } | null;
  close(): Promise<void>;
}

export function eventBusSuite(name: string, { kept, served }: Traits, start: () => Promise<BusUnderTest>): void {
  suite(name, () => {
    let under: BusUnderTest;
    let buses: CountingBus[] = [];
    const open: BusUnderTest["open"] = async (options) => {
      const bus = await under.open(options);
      buses.push(bus);
      return bus;
    };
    /** Event numbers in the order of their handling. */
    const hear = async (bus: EventBus, options?: SubscribeOptions) => {
      const heard: number[] = [];
      const subscription = await bus.subscribe("model", async (event) => void heard.push(numberOf(event)), options);
      return { heard, close: () => subscription.close() };
    };
    /** Every test has its own numbers: ids fall away as duplicates across tests too. */
    let next = 0;
    const numbers = (count: number) => Array.from({ length: count }, () => ++next);
    const publishAll = async (bus: EventBus, all: readonly number[]) => {
      for (const number of all) await bus.publish(aModelEvent(number));
    };
    const bus = (what: string, body: () => Promise<void>, options: { readonly skip?: string | false } = {}) =>
      void test(what, { timeout: 60_000, ...options }, async () => {
        try {
          await body();
        } finally {
          await Promise.all(buses.map((opened) => opened.close()));
          buses = [];
        }
      });

    before(async () => {
      under = await start();
    });
    after(async () => {
      await under?.close();
    });

    bus("hands an event over as it was published, to every subscriber", async () => {
      const [one, two] = [await open(), await open()];
      const ticks: unknown[] = [];
      await one.subscribe("tick", async (event) => void ticks.push(event));
      await two.subscribe("tick", async (event) => void ticks.push(event));
      const other = await hear(two);
      const tick = aTickEvent(++next);
      await one.publish(tick);
      await eventually(() => ticks.length === 2, { what: "both subscribers received the tick" });
      assert.deepEqual(ticks, [tick, tick]);
      assert.deepEqual(other.heard, [], "a subscription hears its own kind only");
      assert.equal(one.counters().published, 1);
      assert.equal(two.counters().received, 1);
    });

    bus("keeps the order, one event at a time", async () => {
      const [publisher, subscriber] = [await open(), await open()];
      const heard: number[] = [];
      let busy = 0;
      let mostBusy = 0;
      await subscriber.subscribe(
        "model",
        async (event) => {
          mostBusy = Math.max(mostBusy, ++busy);
          await new Promise(setImmediate);
          heard.push(numberOf(event));
          busy--;
        },
        { durable: "order" },
      );
      const all = numbers(50);
      await publishAll(publisher, all);
      await eventually(() => heard.length >= all.length, { what: "all events" });
      assert.deepEqual(heard, all);
      assert.equal(mostBusy, 1);
    });

    for (const options of [{ maxInFlight: 4 }, { durable: "at-once", maxInFlight: 4 }] satisfies SubscribeOptions[]) {
      bus(`begins in their order as many events at once as it may: ${Object.keys(options).join()}`, async () => {
        const [publisher, subscriber] = [await open(), await open()];
        const begun: number[] = [];
        const releases: (() => void)[] = [];
        await subscriber.subscribe(
          "model",
          async (event) => {
            begun.push(numberOf(event));
            await new Promise<void>((resolve) => releases.push(resolve));
          },
          options,
        );
        const all = numbers(10);
        await publishAll(publisher, all);
        // The first ones stay in hand: no fifth may be begun before one of them is done.
        await eventually(() => begun.length === 4, { what: "four events in hand" });
        for (let done = 0; done < all.length; done++) {
          await eventually(() => releases.length > done, { what: `event ${done + 1} in hand` });
          assert.ok(begun.length <= done + 4, `${begun.length} begun, ${done} done`);
          releases[done]!();
        }
        await eventually(() => begun.length === all.length, { what: "all events" });
        assert.deepEqual(begun, all);
      });
    }

    for (const options of [{ queue: "workers" }, { durable: "workers" }] satisfies SubscribeOptions[]) {
      bus(`shares events among those of one ${Object.keys(options).join()}`, async () => {
        const publisher = await open();
        const members = await Promise.all([open(), open()]).then((all) =>
          Promise.all(all.map((b) => hear(b, options))),
        );
        const outsider = await hear(await open());
        const all = numbers(40);
        await publishAll(publisher, all);
        const shared = () => members.flatMap((member) => member.heard).sort((a, b) => a - b);
        await eventually(() => shared().length >= 40 && outsider.heard.length >= 40, { what: "all events" });
        assert.deepEqual(shared(), all);
        assert.deepEqual(outsider.heard, all);
        assert.ok(
          members.every(({ heard }) => heard.length > 0),
          "each member had its part",
        );
      });
    }

    bus("drops what is older than the subscriber wants", async () => {
      const one = await open();
      const { heard } = await hear(one, { maxAgeMs: 30_000, durable: "young" });
      const plain = await hear(one, { maxAgeMs: 30_000 });
      const [old, fresh] = numbers(2) as [number, number];
      await one.publish(aModelEvent(old, Date.now() - 31_000));
      await one.publish(aModelEvent(fresh));
      await eventually(() => heard.length > 0 && plain.heard.length > 0, { what: "the fresh event" });
      assert.deepEqual([heard, plain.heard], [[fresh], [fresh]]);
      assert.equal(one.counters().dropped, 2);
    });

    bus("passes over what comes sooner than a subscriber wants, and nothing of the others", async () => {
      const one = await open();
      const sampled = await hear(one, { atMostEveryMs: 60_000 });
      const all = await hear(one);
      const said = numbers(20);
      for (const number of said) await one.publish(aModelEvent(number));
      await eventually(() => all.heard.length === said.length, { what: "all events" });
      assert.deepEqual([sampled.heard, all.heard], [said.slice(0, 1), said]);
    });

    bus("passes over what it cannot decode", async () => {
      const one = await open();
      const { heard } = await hear(one, { durable: "patient" });
      const [good] = numbers(1) as [number];
      await under.say("model", new TextEncoder().encode("{}"));
      await under.say("model", encodeEvent(aTickEvent(1)));
      await one.publish(aModelEvent(good));
      await eventually(() => heard.length > 0, { what: "the good event" });
      assert.deepEqual(heard, [good]);
      assert.equal(one.counters().undecodable, 2);
    });

    bus("brings a refused event again, and the next one meanwhile", async () => {
      const one = await open();
      const calls: number[] = [];
      await one.subscribe(
        "model",
        async (event) => {
          calls.push(numberOf(event));
          if (calls.length === 1) throw new Error("not now");
        },
        { durable: "stubborn" },
      );
      const [first, second] = numbers(2) as [number, number];
      await publishAll(one, [first, second]);
      await eventually(() => calls.length === 3, { what: "the refused event again" });
      assert.deepEqual(calls, [first, second, first]);
      assert.equal(one.counters().redelivered, 1);
    });

    bus("does not bring a refused event again to a subscriber without a name", async () => {
      const one = await open();
      const calls: number[] = [];
      await one.subscribe("model", async (event) => {
        calls.push(numberOf(event));
        throw new Error("never");
      });
      const all = numbers(2);
      await publishAll(one, all);
      await eventually(() => calls.length === 2, { what: "both events" });
      assert.deepEqual(calls, all);
      assert.equal(one.counters().redelivered, 0);
    });

    bus("closes a subscription after the handler's last call, and hands over nothing more", async () => {
      const one = await open();
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      const started: number[] = [];
      let ended = 0;
      const subscription = await one.subscribe("model", async (event) => {
        started.push(numberOf(event));
        await held;
        ended++;
      });
      const all = numbers(3);
      await publishAll(one, all);
      await eventually(() => started.length === 1, { what: "the first call" });
      const closed = subscription.close().then(() => ended);
      release();
      assert.equal(await closed, 1);
      await one.publish(aModelEvent(++next));
      const proof = await hear(one);
      await publishAll(one, numbers(1));
      await eventually(() => proof.heard.length === 1, { what: "an event after the close" });
      assert.deepEqual(started, all.slice(0, 1));
    });

    bus("takes nothing after its close", async () => {
      const one = await open();
      assert.equal(one.state(), "connected");
      await one.close();
      assert.equal(one.state(), "closed");
      await assert.rejects(one.publish(aModelEvent(++next)), BusUnavailableError);
      await assert.rejects(hear(one), BusUnavailableError);
      await one.close();
    });

    if (kept) {
      bus("gives a durable subscriber what came while it was away", async () => {
        const publisher = await open();
        const first = await open();
        const before = await hear(first, { durable: "returning" });
        const [one, ...missed] = numbers(4) as [number, ...number[]];
        await publishAll(publisher, [one]);
        await eventually(() => before.heard.length === 1, { what: "the event before" });
        await first.close();
        await publishAll(publisher, missed);
        const again = await hear(await open(), { durable: "returning" });
        await eventually(() => again.heard.length >= missed.length, { what: "the missed events" });
        assert.deepEqual(again.heard, missed);
      });

      bus("lets an event fall away that comes a second time under the same id", async () => {
        const one = await open();
        const { heard } = await hear(one, { durable: "once" });
        const [twice, last] = numbers(2) as [number, number];
        await publishAll(one, [twice, twice, last]);
        await eventually(() => heard.includes(last), { what: "the last event" });
        assert.deepEqual(heard, [twice, last]);
      });

      bus("makes stream and subscription again for a server that comes back without its store", async () => {
        const one = await open({ publishTimeoutMs: 30_000 });
        const { heard } = await hear(one, { durable: "phoenix" });
        await under.server?.kill();
        await under.server?.restart(true);
        await eventually(() => one.state() === "connected", { what: "the connection" });
        // Published before the subscription is back, an event is not for it.
        const heardOneMore = async () => {
          await publishAll(one, numbers(1));
          return heard.length > 0;
        };
        await eventually(heardOneMore, { timeoutMs: 30_000, everyMs: 100, what: "an event after the loss" });
      });
    }

    if (served) {
      bus("is refused with the wrong token", async () => {
        await assert.rejects(open({ token: "guessed" }), (thrown: Error) => {
          assert.ok(thrown instanceof BusRefusedError);
          assert.match(thrown.message, /^the bus at nats:\/\/127\.0\.0\.1:\d+ refused the credentials: /);
          return true;
        });
      });

      bus("resumes by itself after the server was killed, and loses no acknowledged event it keeps", async () => {
        const [publisher, subscriber] = [await open({ publishTimeoutMs: 30_000 }), await open()];
        const durable = await hear(subscriber, { durable: "survivor" });
        const plain = await hear(subscriber);
        const acknowledged: number[] = [];
        let going = true;
        const publishing = (async () => {
          while (going) {
            const [number] = numbers(1) as [number];
            await publisher.publish(aModelEvent(number));
            acknowledged.push(number);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        })();
        await eventually(() => acknowledged.length > 20, { what: "events before the kill" });
        await under.server?.kill();
        await eventually(() => publisher.state() === "reconnecting" && subscriber.state() === "reconnecting", {
          what: "both see that the server is gone",
        });
        const plainBefore = plain.heard.length;
        await under.server?.restart();
        // Without a name, a subscriber receives nothing of what came before it was back.
        await eventually(() => plain.heard.length > plainBefore + 10, { timeoutMs: 30_000, what: "later events" });
        going = false;
        await publishing;
        if (!kept) return;
        await eventually(() => durable.heard.includes(acknowledged.at(-1)!), { what: "the last event" });
        const lost = acknowledged.filter((number) => !durable.heard.includes(number));
        assert.deepEqual(lost, [], "no acknowledged event is lost");
      });

      bus("holds a publish through an outage, or says that the bus is away", async () => {
        const [patient, hasty] = [await open({ publishTimeoutMs: 30_000 }), await open({ publishTimeoutMs: 300 })];
        await under.server?.kill();
        await eventually(() => patient.state() === "reconnecting" && hasty.state() === "reconnecting", {
          what: "the outage",
        });
        const held = patient.publish(aModelEvent(++next));
        await assert.rejects(hasty.publish(aModelEvent(++next)), (thrown: Error) => {
          assert.ok(thrown instanceof BusUnavailableError);
          assert.match(thrown.message, /did not take event 'echo@\d+\/model' within 300 ms: the connection is down/);
          return true;
        });
        await under.server?.restart();
        await held;
        assert.equal(patient.state(), "connected");
      });
    }
  });
}
