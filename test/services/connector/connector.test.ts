import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { memoryBus } from "#test/support/memory-bus.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import { encodeEvent, makeEvent, readEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { checkSignature } from "#shared/host/signature.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { createConnector } from "#services/connector/connector.ts";
import { topicsOf } from "#services/connector/topics.ts";

function aFunction(name: string, topic?: string, batch?: string): FunctionStatus {
  const annotations = { ...(topic && { topic }), ...(batch && { "replicant.batch": batch }) };
  return {
    name,
    namespace: "openfaas-fn",
    image: "i",
    replicas: 1,
    availableReplicas: 1,
    labels: {},
    annotations,
    limits: {},
    requests: {},
  };
}

describe("topics", () => {
  for (const { name, topic, want } of [
    { name: "equal", topic: "replicant.window", want: ["f"] },
    { name: "in a comma list", topic: "other, replicant.window", want: ["f"] },
    { name: "only a prefix", topic: "replicant", want: [] },
    { name: "a wildcard", topic: "replicant.*", want: [] },
    { name: "none", topic: undefined, want: [] },
  ]) {
    test(`a topic that is ${name}`, () => {
      const listeners = topicsOf([aFunction("f", topic)]).get("window") ?? [];
      assert.deepEqual(
        listeners.map(({ functionName }) => functionName),
        want,
      );
    });
  }

  for (const { batch, want } of [
    { batch: undefined, want: 1 },
    { batch: "32", want: 32 },
    { batch: "0", want: 1 },
    { batch: "many", want: 1 },
  ]) {
    test(`a function with replicant.batch '${batch}' takes ${want} in one call`, () => {
      const annotated = aFunction("f", "replicant.window", batch);
      assert.equal(topicsOf([annotated]).get("window")![0]!.maxEvents, want);
    });
  }
});

class FakeGateway implements Pick<FunctionGateway, "list" | "invoke"> {
  functions: readonly FunctionStatus[] = [];
  status = 200;
  away = false;
  /** Refuses a body that contains this. */
  refuses: string | null = null;
  readonly calls: { readonly functionName: string; readonly body: string; readonly headers: Record<string, string> }[] =
    [];

  async list() {
    if (this.away) throw new Error("the gateway is away");
    return this.functions;
  }

  async invoke(functionName: string, body: string, headers: Record<string, string> = {}) {
    if (this.away) throw new Error("the gateway is away");
    this.calls.push({ functionName, body, headers });
    return { status: this.refuses !== null && body.includes(this.refuses) ? 400 : this.status, body: "" };
  }
}

async function aConnector(t: TestContext, key: string | null = "k1", batch?: string) {
  const clock = new ManualClock(1_000_000);
  const bus = memoryBus({ clock });
  const gateway = new FakeGateway();
  gateway.functions = [aFunction("policy-inference", "replicant.window", batch), aFunction("plain")];
  const connector = createConnector({
    ...{ bus, gateway, clock, monotonic: clock, log: silentLog, key: () => key, rebuildSeconds: 5, windowSeconds: 30 },
    activity: new Activity(() => clock.nowMs()),
  });
  const ending = new AbortController();
  const running = connector.run(ending.signal);
  t.after(async () => {
    ending.abort();
    await running;
    await bus.close();
  });
  await eventually(() => "replicant.window" in connector.status().topics);
  const publish = async (seq: number, { nowMs = clock.nowMs(), subject = "stress" } = {}) => {
    const data = { managed: aManaged(), window: aWindow({ functionName: subject, seq }), history: [] };
    const event = makeEvent("window", { source: "metrics-collector", subject, key: seq, nowMs, data });
    await bus.publish(event);
    return event;
  };
  const tick = (atMs: number, nowMs = clock.nowMs()) => {
    const data = { managed: aManaged(), tick: aTick({ atMs }) };
    return bus.publish(makeEvent("tick", { source: "metrics-collector", subject: "stress", key: atMs, nowMs, data }));
  };
  return { clock, gateway, connector, publish, tick };
}

describe("connector", () => {
  test("carries a window to the function that asks for it, as it was, signed", async (t) => {
    const { gateway, publish, clock } = await aConnector(t);
    const published = await publish(1);
    await eventually(() => gateway.calls.length === 1);
    const { functionName, body, headers } = gateway.calls[0]!;
    assert.equal(functionName, "policy-inference");
    assert.equal(body, Buffer.from(encodeEvent(published)).toString());
    assert.equal(headers["X-Topic"], "replicant.window");
    assert.equal(checkSignature(["k1"], { headers, body, functionName, nowMs: clock.nowMs() }).ok, true);
  });

  test("without a key the call goes unsigned", async (t) => {
    const { gateway, publish } = await aConnector(t, null);
    await publish(1);
    await eventually(() => gateway.calls.length === 1);
    assert.equal("x-replicant-signature" in gateway.calls[0]!.headers, false);
  });

  test("a window older than its own length by the collector's time is dropped", async (t) => {
    const { gateway, publish, tick, connector } = await aConnector(t);
    await tick(60_001);
    await eventually(() => connector.status().collector.traceMs === 60_001);
    await publish(1);
    await eventually(() => connector.status().tooLate === 1);
    assert.equal(gateway.calls.length, 0);
  });

  for (const skewMs of [-3_600_000, 3_600_000]) {
    test(`a sender whose clock is ${skewMs / 1_000} s wrong is accepted, and the skew is reported`, async (t) => {
      const { gateway, publish, tick, clock, connector } = await aConnector(t);
      await tick(30_000, clock.nowMs() + skewMs);
      await publish(1, { nowMs: clock.nowMs() + skewMs });
      await eventually(() => gateway.calls.length === 1);
      const { skewMs: seen, problems } = connector.status().collector;
      assert.equal(seen, skewMs);
      assert.deepEqual(problems, [
        `the collector's wall clock is 3600 s ${skewMs > 0 ? "ahead of" : "behind"} this part's`,
      ]);
    });
  }

  test("where lists are taken, windows of one moment are one call, signed as a whole", async (t) => {
    const { gateway, publish, connector, clock } = await aConnector(t, "k1", "32");
    await Promise.all(["a", "b", "c"].map((subject) => publish(1, { subject })));
    await eventually(() => connector.status().delivered === 3);
    assert.equal(gateway.calls.length, 1);
    const { functionName, body, headers } = gateway.calls[0]!;
    const events = (JSON.parse(body) as unknown[]).map((one) => readEvent("window", one));
    assert.deepEqual(
      events.map(({ subject }) => subject),
      ["a", "b", "c"],
    );
    assert.equal(checkSignature(["k1"], { headers, body, functionName, nowMs: clock.nowMs() }).ok, true);
  });

  test("a list that is refused comes again one by one: the good ones arrive", async (t) => {
    const { gateway, publish, connector } = await aConnector(t, "k1", "32");
    gateway.refuses = '"subject":"b"';
    await Promise.all(["a", "b", "c"].map((subject) => publish(1, { subject })));
    await eventually(() => connector.status().delivered === 2 && connector.status().failed === 1);
    assert.match(connector.status().lastProblem!, /HTTP 400/);
  });

  for (const status of [401, 429, 503]) {
    test(`a list that could not be had (${status}) is not taken apart: it comes again`, async (t) => {
      const { gateway, publish, connector, clock } = await aConnector(t, "k1", "32");
      gateway.status = status;
      await Promise.all(["a", "b"].map((subject) => publish(1, { subject })));
      await eventually(() => connector.status().failed === 2);
      assert.equal(gateway.calls.length, 1);
      gateway.status = 200;
      await clock.advance(250);
      await eventually(() => connector.status().delivered === 2);
    });
  }

  test("an answer that is no 2xx is not a delivery", async (t) => {
    const { gateway, publish, connector } = await aConnector(t);
    gateway.status = 503;
    await publish(1);
    await eventually(() => connector.status().failed > 0);
    assert.equal(connector.status().delivered, 0);
    assert.match(connector.status().lastProblem!, /policy-inference answered HTTP 503/);
    gateway.status = 200;
    await publish(2);
    await eventually(() => connector.status().delivered > 0);
  });

  test("a gateway that is away for a while forgets no function; a new one is found", async (t) => {
    const { gateway, publish, connector, clock } = await aConnector(t);
    gateway.away = true;
    await clock.advance(5_000);
    await eventually(() => connector.status().lastProblem === "the gateway is away");
    gateway.away = false;
    gateway.functions = [...gateway.functions, aFunction("shadow", "replicant.window")];
    await clock.advance(5_000);
    await eventually(() => connector.status().topics["replicant.window"]?.length === 2);
    await publish(1);
    await eventually(() => gateway.calls.length === 2);
  });
});
