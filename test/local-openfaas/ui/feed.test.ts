/** The page's data: what is sampled, what is received, what is kept, and that it ends. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { memoryBus } from "#test/support/memory-bus.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { Meters } from "#services/local-openfaas/gateway/metrics/meter.ts";
import { createUiFeed } from "#services/local-openfaas/ui/feed.ts";
import { KEPT_DECISIONS } from "#services/local-openfaas/ui/received.ts";
import type { UiMessage } from "#services/local-openfaas/ui/types.ts";
import { eventually } from "#test/support/eventually.ts";
import { FakeProvider } from "#test/support/fake-provider.ts";
import { aClosedWindow, aDecision } from "#test/support/local-openfaas/decided.ts";

function startFeed(t: TestContext, bus?: EventBus) {
  const provider = new FakeProvider({ held: true });
  const meters = new Meters();
  const clock = new ManualClock(50_000);
  const ending = new AbortController();
  const logged: string[] = [];
  const feed = createUiFeed({
    platform: { version: "0.1.0", profile: "open", limits: "limits: none" },
    provider,
    meters,
    events: bus && { bus, description: "memory" },
    clock,
    signal: ending.signal,
    log: (line) => logged.push(line),
  });
  const messages: UiMessage[] = [];
  feed.listen((message) => messages.push(message));
  t.after(async () => {
    ending.abort();
    await feed.ended;
  });
  return { provider, meters, clock, ending, logged, feed, messages };
}

test("feed: each second a sample of every function, with the numbers of the meter and of the provider", async (t) => {
  const { provider, meters, clock, feed, messages } = startFeed(t);
  await provider.deploy({
    service: "stress",
    image: "example/stress:1",
    limits: { cpu: "100m", memory: "128Mi" },
    annotations: { "replicant.mode": "auto", "replicant.max": "12" },
  });
  await provider.deploy({ service: "plain", image: "example/plain:1" });
  await clock.advance(1_000);
  const meter = meters.of("stress");
  for (let call = 0; call < 8; call++) meter.begin();
  for (let call = 0; call < 6; call++) meter.end(200, 0.2);
  provider.scale("stress", 2);
  await clock.advance(1_000);

  const samples = messages.flatMap((message) => (message.event === "sample" ? [message.data] : []));
  assert.deepEqual(
    samples.map(({ atMs }) => atMs),
    [51_000, 52_000],
  );
  const [stress, plain] = samples[1]!.functions;
  assert.equal(stress!.invocations, 6);
  assert.equal(stress!.inFlight, 2);
  assert.equal(stress!.ratePerSecond, 8);
  assert.equal(stress!.desiredReplicas, 2);
  assert.equal(stress!.availableReplicas, 0);
  assert.equal(stress!.state.kind, "starting");
  assert.deepEqual(stress!.limits, { cpu: "100m", memory: "128Mi" });
  assert.deepEqual(stress!.usage, { milliCpu: 12.5, memoryBytes: 1_000_000 });
  assert.equal(stress!.managed?.maxReplicas, 12);
  assert.deepEqual(
    stress!.replicas.map(({ state, inFlight }) => ({ state, inFlight })),
    [
      { state: "starting", inFlight: 0 },
      { state: "starting", inFlight: 0 },
    ],
  );
  assert.equal(plain!.managed, null);
  assert.equal(plain!.invocations, 0);
  assert.equal(meters.find("plain"), undefined, "looking must not make a meter");
  assert.deepEqual(feed.history("stress")?.ratePerSecond, [null, 8]);
  assert.deepEqual(feed.state().recentRates["stress"], [null, 8]);
});

test("feed: a removed function has no past, nor has it when it comes again", async (t) => {
  const { provider, clock, feed } = startFeed(t);
  const stress = { service: "stress", image: "example/stress:1" };
  await provider.deploy(stress);
  await clock.advance(3_000);
  await provider.remove("stress");
  await clock.advance(1_000);
  assert.equal(feed.history("stress"), undefined);
  await provider.deploy(stress);
  await clock.advance(1_000);
  assert.deepEqual(feed.history("stress")?.atMs, [55_000]);
});

test("feed: decisions and windows are sent as they come, each once, and the last hundred are kept", async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  const { feed, messages } = startFeed(t, bus);
  await bus.publish(aClosedWindow(1, 60_000));
  for (const seq of [1, 1, ...Array.from({ length: KEPT_DECISIONS }, (_, i) => i + 2)]) {
    await bus.publish(aDecision(seq, 60_000 + seq));
  }
  await eventually(() => feed.state().decisions.at(-1)?.applied.seq === KEPT_DECISIONS + 1, { what: "the last one" });
  const { decisions, windows } = feed.state();
  assert.equal(decisions.length, KEPT_DECISIONS);
  assert.equal(decisions[0]!.applied.seq, 2);
  assert.equal(decisions[0]!.reportedAtMs, 60_002);
  assert.equal(decisions[0]!.applied.stages.length, 7);
  assert.deepEqual(
    windows.map(({ window }) => window.seq),
    [1],
  );
  assert.equal(messages.filter(({ event }) => event === "decision").length, KEPT_DECISIONS + 1);
  assert.equal(messages.filter(({ event }) => event === "window").length, 1);
});

test("feed: what is used of a budget is computed from the windows that were received", async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  const { provider, clock, feed } = startFeed(t, bus);
  await provider.deploy({ service: "stress", image: "example/stress:1", annotations: { "replicant.mode": "auto" } });
  await provider.deploy({ service: "plain", image: "example/plain:1" });
  const budgets = async () => {
    await clock.advance(1_000);
    return feed.state().functions.map(({ budget }) => budget);
  };
  const unknown = { slo: "95 % within 3 s", share: null, budget: 0.05, words: "budget 5 %, use not measured" };
  assert.deepEqual(await budgets(), [unknown, null]);
  for (const [seq, share, completedOk] of [
    [1, 0.1, 50],
    [2, 0, 150],
    [2, 0, 150],
  ] as const) {
    await bus.publish(aClosedWindow(seq, 60_000, { late: { share, because: null }, completedOk }));
  }
  await eventually(() => feed.state().windows.length === 2, { what: "two windows" });
  const used = { ...unknown, share: 0.025, words: "2.5 % of 5 % used in the last 60 s" };
  assert.deepEqual(await budgets(), [used, null]);
});

test("feed: says what the bus is doing, and that there is none", async (t) => {
  assert.equal(startFeed(t).feed.state().bus, null);
  const bus = memoryBus();
  const { clock, feed } = startFeed(t, bus);
  assert.deepEqual(feed.state().bus, { description: "memory", state: "connected" });
  await bus.close();
  await clock.advance(1_000);
  assert.equal(feed.state().bus?.state, "closed");
});

test("feed: a bus that refuses is a line in the log, and samples go on", async (t) => {
  const bus = memoryBus();
  await bus.close();
  const { clock, logged, messages } = startFeed(t, bus);
  await clock.advance(1_000);
  assert.match(
    logged.join(),
    /a subscription to the bus failed: subscription to 'applied' came after the bus was closed/,
  );
  assert.equal(messages.length, 1);
});

test("feed: after the signal nothing is sampled and nothing is received", async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  const { clock, ending, feed, messages } = startFeed(t, bus);
  await clock.advance(1_000);
  ending.abort();
  await feed.ended;
  await bus.publish(aDecision(1, 60_000));
  await clock.advance(5_000);
  assert.deepEqual(
    messages.map(({ event }) => event),
    ["sample"],
  );
  assert.equal(feed.state().decisions.length, 0);
});
