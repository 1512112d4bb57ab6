/** What is frozen, who knows of it, and what becomes of it when a store is away, broken or behind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ManualClock } from "#test/support/manual-clock.ts";
import type { TextStore } from "#shared/ports/text-store.ts";
import { answerFreeze } from "#services/scaler/freeze/answer.ts";
import { FreezeKeeper } from "#services/scaler/freeze/keeper.ts";
import type { Order } from "#services/scaler/freeze/orders.ts";

/** A store by hand: `away` takes and gives nothing. */
function aStore(place: string) {
  const store = {
    place,
    text: null as string | null,
    away: false,
    async read() {
      if (store.away) throw new Error("away");
      return store.text;
    },
    async write(text: string) {
      if (store.away) throw new Error("away");
      store.text = text;
    },
  };
  return store;
}

const log = { info: () => {}, warn: () => {} };
const since = "2026-01-02T03:04:05Z";
const order = (action: Order["action"], functionName: string | null = null): Order => ({
  action,
  functionName,
  freeze: { by: "ada", since },
});

async function aKeeper(file: TextStore, shared: TextStore | null | "not yet" = null) {
  const keeper = new FreezeKeeper({ file, clock: new ManualClock(), log });
  await keeper.look();
  if (shared !== "not yet") await keeper.share(shared);
  return keeper;
}

describe("freeze", () => {
  test("everything or one function, until thawed; and a new process knows", async () => {
    const file = aStore("file");
    const keeper = await aKeeper(file);
    assert.equal(keeper.frozen("stress"), null);
    await keeper.order(order("freeze", "stress"));
    assert.match(keeper.frozen("stress")!, /^frozen by ada since 2026/);
    assert.equal(keeper.frozen("other"), null);
    await keeper.order(order("freeze"));
    await keeper.order(order("thaw", "stress"));
    assert.match(keeper.frozen("stress")!, /frozen by ada/, "everything is still frozen");
    assert.match((await aKeeper(file)).frozen("other")!, /frozen by ada/);
    await keeper.order(order("thaw"));
    assert.equal((await aKeeper(file)).frozen("other"), null);
  });

  test("the other replica obeys within a look, and brings a place that is behind up to date", async () => {
    const bucket = aStore("bucket");
    const files = [aStore("one"), aStore("two")] as const;
    const [one, two] = [await aKeeper(files[0], bucket), await aKeeper(files[1], bucket)];
    await one.order(order("freeze"));
    await two.look();
    assert.match(two.frozen("stress")!, /frozen by ada/);
    assert.equal(files[1].text, files[0].text);
    bucket.text = null; // a server that came back without its store
    await two.look();
    assert.equal(bucket.text, files[0].text);
  });

  test("an order without the bus is in force at once, and the others' when it is back", async () => {
    const bucket = aStore("bucket");
    const [one, two] = [await aKeeper(aStore("one"), bucket), await aKeeper(aStore("two"), bucket)];
    bucket.away = true;
    const { kept, problems } = await one.order(order("freeze"));
    assert.deepEqual([kept, problems], [["one"], ["it could not be written to the bucket: away"]]);
    assert.match(one.frozen("stress")!, /frozen by ada/);
    bucket.away = false;
    await one.look();
    await two.look();
    assert.match(two.frozen("stress")!, /frozen by ada/);
  });

  test("two orders given apart: what either froze stays frozen", async () => {
    const bucket = aStore("bucket");
    const [one, two] = [await aKeeper(aStore("one"), bucket), await aKeeper(aStore("two"), bucket)];
    bucket.away = true;
    await one.order(order("freeze", "stress"));
    await two.order(order("freeze", "other"));
    bucket.away = false;
    for (const keeper of [one, two, one]) await keeper.look();
    for (const keeper of [one, two]) assert.ok(keeper.frozen("stress") !== null && keeper.frozen("other") !== null);
  });

  test("a freeze that was taken without the bus outlives whatever the others took meanwhile, until a thaw that knows of it", async () => {
    for (const meanwhile of [
      [order("freeze", "g"), order("thaw", "g")],
      [order("freeze"), order("thaw"), order("freeze", "g"), order("thaw", "g")],
      [order("thaw"), order("thaw"), order("thaw")],
    ]) {
      const bucket = aStore("bucket");
      const files = [aStore("one"), aStore("two")] as const;
      let isAway = false;
      const link = <T>(ask: () => Promise<T>): Promise<T> => (isAway ? Promise.reject(new Error("away")) : ask());
      const away: TextStore = {
        place: "bucket",
        read: () => link(() => bucket.read()),
        write: (text) => link(() => bucket.write(text)),
      };
      const [one, two] = [await aKeeper(files[0], away), await aKeeper(files[1], bucket)];
      isAway = true;
      assert.deepEqual((await one.order(order("freeze"))).kept, ["one"]);
      await one.order(order("freeze", "stress"));
      for (const given of meanwhile) await two.order(given);
      assert.equal(two.frozen("stress"), null);
      isAway = false;
      for (const keeper of [one, two, one]) await keeper.look();
      for (const keeper of [one, two, await aKeeper(files[0], bucket)]) {
        assert.match(keeper.frozen("stress")!, /frozen by ada/);
        assert.match(keeper.status().frozen, /^everything/);
      }
      assert.equal(files[0].text, files[1].text, "all places say the same, and nobody writes any more");
      assert.equal(files[0].text, bucket.text);
      await two.order(order("thaw"));
      await one.look();
      for (const keeper of [one, two]) assert.equal(keeper.status().frozen, "nothing");
    }
  });

  test("a thaw holds in a place that was away, and a later freeze of the same counts", async () => {
    const bucket = aStore("bucket");
    const [one, two] = [await aKeeper(aStore("one"), bucket), await aKeeper(aStore("two"), bucket)];
    for (let round = 0; round < 300; round++) {
      await one.order(order("freeze", "stress"));
      await two.look();
      await two.order(order("thaw", "stress"));
      await one.look();
      assert.equal(one.frozen("stress"), null);
    }
    assert.ok(bucket.text!.length < 20_000, `${bucket.text!.length} bytes`);
    await two.order(order("freeze", "stress"));
    await one.look();
    assert.match(one.frozen("stress")!, /frozen by ada/);
  });

  test("what was kept before freezes had ids is read, and thawed in every place at once", async () => {
    const [file, bucket] = [aStore("file"), aStore("bucket")];
    const freeze = { by: "ada", since };
    file.text = JSON.stringify({ number: 4, all: freeze, functions: { stress: freeze } });
    bucket.text = JSON.stringify({ number: 3, all: null, functions: { stress: freeze, other: freeze } });
    const [one, two] = [await aKeeper(file, bucket), await aKeeper(aStore("two"), bucket)];
    for (const keeper of [one, two]) assert.match(keeper.status().frozen, /^everything, by ada since 2026/);
    await two.order(order("thaw"));
    file.text = JSON.stringify({ number: 4, all: freeze, functions: { stress: freeze } });
    await one.look();
    for (const keeper of [one, two]) assert.equal(keeper.status().frozen, "nothing");
    const late = aStore("late");
    const unfounded = [{ action: "freeze", functionName: "stress", freeze }];
    late.text = JSON.stringify({ number: 0, all: null, functions: {}, unfounded });
    assert.equal((await aKeeper(late, bucket)).status().frozen, `stress, by ada since ${since}`);
  });

  test("a new replica that can read neither place holds until it can", async () => {
    const bucket = aStore("bucket");
    bucket.away = true;
    const keeper = await aKeeper(aStore("new"), bucket);
    assert.match(keeper.frozen("stress")!, /frozen by caution: what is frozen could not be read yet/);
    bucket.away = false;
    await keeper.look();
    assert.equal(keeper.frozen("stress"), null);
  });

  test("an order to a replica that knows nothing yet is carried out on what was in force, also after kill -9", async () => {
    const bucket = aStore("bucket");
    const old = await aKeeper(aStore("old"), bucket);
    for (const name of ["a", "b", "c"]) await old.order(order("freeze", name));
    await old.order(order("thaw", "a"));
    bucket.away = true;
    const file = aStore("new");
    const killed = await aKeeper(file, "not yet");
    assert.deepEqual((await killed.order(order("freeze", "stress"))).kept, ["new"]);
    assert.match(killed.frozen("stress")!, /frozen by ada/);
    const next = await aKeeper(file, bucket);
    assert.match(next.frozen("stress")!, /frozen by ada/);
    bucket.away = false;
    await next.look();
    assert.deepEqual(
      ["a", "b", "c", "stress"].map((name) => next.frozen(name) !== null),
      [false, true, true, true],
    );
    await old.look();
    assert.ok(old.frozen("stress") !== null);
  });

  test("a file that cannot be understood holds everything, until an operator says what is meant", async () => {
    const file = aStore("file");
    file.text = '{"number":';
    const keeper = await aKeeper(file);
    assert.match(keeper.frozen("stress")!, /frozen by caution/);
    assert.match(keeper.status().problems.join(), /could not be read from the file: the orders are not JSON/);
    await keeper.order(order("freeze"));
    await keeper.order(order("thaw"));
    await keeper.look();
    assert.equal(keeper.frozen("stress"), null);
  });

  test("what cannot be written holds all the same, and says so; a thaw that cannot be written has no effect", async () => {
    const file = aStore("file");
    const keeper = await aKeeper(file);
    file.away = true;
    assert.deepEqual((await keeper.order(order("freeze"))).kept, []);
    assert.match(keeper.frozen("stress")!, /frozen by ada/);
    assert.deepEqual((await keeper.order(order("thaw"))).kept, []);
    assert.match(keeper.frozen("stress")!, /frozen by ada/);
    file.away = false;
    await keeper.look();
    assert.match((await aKeeper(file)).frozen("stress")!, /frozen by ada/);
  });
});

describe("the call that freezes", () => {
  const call = async (body: unknown, { signed = true, managed = true as boolean | null, away = false } = {}) => {
    const file = aStore("file");
    const keeper = await aKeeper(file);
    file.away = away;
    let settled = 0;
    const answer = await answerFreeze(
      {
        method: "POST",
        headers: {},
        query: {},
        path: "/",
        body: typeof body === "string" ? body : JSON.stringify(body),
      },
      {
        keeper,
        mayChange: async () => (signed ? { ok: true } : { ok: false, because: "the call is not signed" }),
        isManaged: () => managed,
        settled: async () => void settled++,
        now: () => new Date(since),
      },
    );
    return { ...answer, keeper, settled };
  };

  for (const { name, body, options = {}, status, says } of [
    { name: "unsigned", body: { action: "freeze" }, options: { signed: false }, status: 401, says: /not signed/ },
    { name: "no JSON", body: "{", status: 400, says: /not JSON/ },
    { name: "null", body: "null", status: 400, says: /action must be freeze or thaw, was: 'undefined'/ },
    { name: "another word", body: { action: "stop" }, status: 400, says: /action must be .*'stop'/ },
    { name: "no name", body: { action: "freeze", functionName: "../x" }, status: 400, says: /function's name/ },
    {
      name: "a name that nobody manages",
      body: { action: "freeze", functionName: "strss" },
      options: { managed: false },
      status: 404,
      says: /no function 'strss' is managed/,
    },
    {
      name: "a full disk",
      body: { action: "freeze", by: "ada" },
      options: { away: true },
      status: 503,
      says: /by ada/,
    },
    { name: "everything", body: { action: "freeze", by: "ada" }, status: 200, says: /everything, by ada since 2026/ },
    {
      name: "the platform is away",
      body: { action: "freeze" },
      options: { managed: null },
      status: 200,
      says: /someone/,
    },
  ]) {
    test(`${name}: ${status}`, async () => {
      const answer = await call(body, options);
      assert.equal(answer.status, status);
      assert.match(JSON.stringify(answer.body), says);
      const holds = status === 200 || status === 503;
      assert.deepEqual([answer.keeper.frozen("stress") !== null, answer.settled], [holds, holds ? 1 : 0]);
    });
  }
});
