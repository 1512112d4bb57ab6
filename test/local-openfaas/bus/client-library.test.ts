/** What the project uses of the official client, against the built-in broker. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { connect, headers, type ConnectionOptions } from "@nats-io/transport-node";

import { startBroker } from "#services/local-openfaas/bus/broker.ts";
import { eventually } from "#test/support/eventually.ts";

const token = "secret";

async function around(t: TestContext, options: Partial<ConnectionOptions> = {}) {
  const broker = await startBroker({ port: 0, token });
  t.after(() => broker.close());
  const open = async () => {
    const nc = await connect({ servers: `127.0.0.1:${broker.port}`, token, ...options });
    t.after(() => nc.close());
    return nc;
  };
  return { broker, one: await open(), two: await open() };
}

test("client: request and reply, with headers both ways", async (t) => {
  const { one, two } = await around(t);
  one.subscribe("greet.*", {
    callback: (_, message) => {
      const answer = headers();
      answer.set("From", message.headers?.get("To") ?? "nobody");
      message.respond(`hello ${message.string()}`, { headers: answer });
    },
  });
  await one.flush();
  const asked = headers();
  asked.set("To", "you");
  const answer = await two.request("greet.me", "there", { headers: asked, timeout: 5_000 });
  assert.equal(answer.string(), "hello there");
  assert.equal(answer.headers?.get("From"), "you");
});

for (const noMux of [false, true]) {
  test(`client: a request that nobody serves fails at once, ${noMux ? "own" : "shared"} inbox`, async (t) => {
    const { one } = await around(t);
    await assert.rejects(one.request("nobody", "", { timeout: 20_000, noMux }), /no responders: 'nobody'/);
  });
}

test("client: a queue shares, wildcards gather, a bounded subscription ends", async (t) => {
  const { one, two } = await around(t);
  const heard = { a: 0, b: 0, all: 0, three: 0 };
  one.subscribe("work.*", { queue: "q", callback: () => void heard.a++ });
  two.subscribe("work.*", { queue: "q", callback: () => void heard.b++ });
  two.subscribe(">", { callback: () => void heard.all++ });
  const bounded = two.subscribe("work.x", { max: 3, callback: () => void heard.three++ });
  await Promise.all([one.flush(), two.flush()]);
  for (let count = 0; count < 60; count++) one.publish("work.x", "1");
  await eventually(() => heard.all === 60, { what: "all messages" });
  assert.equal(heard.a + heard.b, 60);
  assert.ok(heard.a > 0 && heard.b > 0, "both members had their part");
  assert.equal(heard.three, 3);
  assert.ok(bounded.isClosed());
});

test("client: no echo", async (t) => {
  const { one, two } = await around(t, { noEcho: true });
  const heard: string[] = [];
  one.subscribe("a", { callback: (_, message) => void heard.push(message.string()) });
  await one.flush();
  one.publish("a", "mine");
  await one.flush();
  two.publish("a", "yours");
  await eventually(() => heard.length > 0, { what: "the other's message" });
  assert.deepEqual(heard, ["yours"]);
});

test("client: a message of the greatest size arrives whole, a greater one is refused", async (t) => {
  const { one, two } = await around(t);
  const most = one.info!.max_payload;
  let length = 0;
  one.subscribe("big", { callback: (_, message) => void (length = message.data.length) });
  await one.flush();
  two.publish("big", new Uint8Array(most));
  await eventually(() => length === most, { what: "the message" });
  assert.throws(() => two.publish("big", new Uint8Array(most + 1)), /max_payload/);
});

test("client: drain hands over what is under way", async (t) => {
  const { one, two } = await around(t);
  let heard = 0;
  one.subscribe("a", { callback: () => void heard++ });
  await one.flush();
  for (let count = 0; count < 1_000; count++) two.publish("a", "x");
  await two.flush();
  await one.drain();
  assert.equal(heard, 1_000);
});

test("client: the wrong token is refused", async (t) => {
  const { broker } = await around(t);
  const guess = connect({ servers: `127.0.0.1:${broker.port}`, token: "guess" });
  await assert.rejects(guess, { name: "AuthorizationError" });
});
