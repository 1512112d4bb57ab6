/** Each part alive and starved of what it works on: it says so, by function, and says nothing more when it is fed again. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { decodeEvent, encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { healthOf } from "#shared/host/health.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { FunctionStatus } from "#shared/ports/function-gateway.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { answerWindows } from "#functions/policy-inference/answer.ts";
import { createInference, type InferenceResult } from "#functions/policy-inference/inference.ts";
import { createConnector } from "#services/connector/connector.ts";
import { createCollector } from "#services/metrics-collector/collector.ts";
import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";
import { createScaler } from "#services/scaler/scaler.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

recordEachTest(import.meta.filename);

const listed: FunctionStatus = {
  ...{ name: "stress", namespace: "openfaas-fn", image: "i", replicas: 2, availableReplicas: 2 },
  ...{ labels: {}, annotations: { "replicant.mode": "auto" }, limits: {}, requests: {} },
};
const proposing: FunctionStatus = { ...listed, name: "policy-inference", annotations: { topic: "replicant.window" } };

const managed = aManaged({ policy: "hpa" });
const about = (seq: number, nowMs: number, source = "metrics-collector") => ({
  source,
  subject: "stress",
  key: seq * 30_000,
  nowMs,
});
const windowEvent = (seq: number, nowMs: number) =>
  makeEvent("window", { ...about(seq, nowMs), data: { managed, window: aWindow({ seq }), history: [] } });

function aWorld(t: TestContext, run: (world: ReturnType<typeof make>) => { run(signal: AbortSignal): Promise<void> }) {
  const world = make();
  const ending = new AbortController();
  const running = run(world).run(ending.signal);
  t.after(async () => {
    ending.abort();
    await running;
    await world.bus.close();
  });
  return world;
}

function make() {
  const clock = new ManualClock(1_000_000);
  const broken = { bus: false, gateway: false, metrics: false };
  const memory = memoryBus({ clock });
  const bus = {
    ...memory,
    publish: async (event: Parameters<typeof memory.publish>[0]) => {
      if (broken.bus) throw new Error("the bus is away");
      await memory.publish(event);
    },
  };
  const activity = new Activity(() => clock.nowMs());
  const problems = () => healthOf({ activity, bus }).problems.join("\n");
  return { clock, broken, bus, activity, problems };
}

describe("a starved metrics-collector", () => {
  const start = (t: TestContext) =>
    aWorld(t, ({ clock, broken, bus, activity }) => {
      const name = 'function_name="stress.openfaas-fn"';
      let started = 0;
      const scrape = async () => ({
        functionMetrics: broken.metrics ? null : `gateway_function_invocation_started{${name}} ${++started}\n`,
        containerMetrics: null,
      });
      return createCollector({
        source: scrapedSource({ endpoint: { scrape }, timeLapse: 1 }),
        gateway: { list: async () => [listed] },
        limits: { of: () => undefined, keepOnly: () => {} },
        controls: { of: () => undefined, keepOnly: () => {} },
        traceTime: { timeLapse: 1, epochMs: 1_000_000 },
        generation: "g1",
        ...{ clock, monotonic: clock, bus, activity, log: silentLog, windowSeconds: 30, tickSeconds: 2 },
      });
    });
  const pass = async ({ clock }: ReturnType<typeof make>, seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 2) {
      await clock.advance(2_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  test("of metrics: windows go on, and that none can be decided on is said", async (t) => {
    const world = start(t);
    await pass(world, 60);
    assert.equal(world.problems(), "");
    world.broken.metrics = true;
    await pass(world, 160);
    assert.match(world.problems(), /^no measurement of 'stress' for 1\d\d s, one is due every 30 s; .*$/);
    world.broken.metrics = false;
    await pass(world, 90);
    assert.equal(world.problems(), "");
  });

  test("of the bus: no window reaches anybody, and that is said until one does", async (t) => {
    const world = start(t);
    await pass(world, 60);
    world.broken.bus = true;
    await pass(world, 160);
    assert.match(world.problems(), /no window of 'stress' for 1\d\d s, one is due every 30 s; nobody decides/);
    world.broken.bus = false;
    await pass(world, 40);
    assert.equal(world.problems(), "");
  });
});

describe("a starved connector", () => {
  const start = (t: TestContext) => {
    const functions = [listed, proposing];
    const world = aWorld(t, ({ clock, broken, bus, activity }) =>
      createConnector({
        gateway: {
          list: async () => functions,
          invoke: async () => ({ status: broken.gateway ? 503 : 200, body: "" }),
        },
        monotonic: clock,
        ...{ bus, clock, activity, log: silentLog, key: () => null, rebuildSeconds: 5, windowSeconds: 30 },
      }),
    );
    return { ...world, functions };
  };

  test("of windows: it says that nothing was delivered, also when there never was one", async (t) => {
    const { clock, problems } = start(t);
    for (let n = 0; n < 30; n++) await clock.advance(5_000);
    assert.match(
      problems(),
      /^no window delivery of 'stress' for 1\d\d s, one is due every 30 s; no function that proposes/,
    );
  });

  test("of a function that takes them: refused is not delivered", async (t) => {
    const { clock, problems, bus, broken, activity } = start(t);
    await eventually(() => activity.ages()["stress"]);
    broken.gateway = true;
    for (let seq = 1; seq <= 5; seq++) {
      await bus.publish(windowEvent(seq, clock.nowMs()));
      await clock.advance(30_000);
    }
    assert.match(problems(), /no window delivery of 'stress' for 150 s/);
    broken.gateway = false;
    await bus.publish(windowEvent(6, clock.nowMs()));
    await eventually(() => problems() === "", { what: "well again" });
  });

  test("of a listener: nobody asks for windows", async (t) => {
    const { clock, problems, functions } = start(t);
    functions.pop();
    for (let n = 0; n < 30; n++) await clock.advance(5_000);
    assert.match(problems(), /no window delivery of 'stress'/);
  });
});

describe("a starved scaler", () => {
  const start = (t: TestContext) => {
    const target = new MemoryScaleTarget();
    target.set("stress", 2);
    const decided: number[] = [];
    const world = aWorld(t, ({ clock, bus, activity }) => {
      const fallback = policyByName("openfaas-pro");
      const lease = soleLease();
      const guard = { settings: GUARD_DEFAULTS, monotonic: clock, log: silentLog, windowSeconds: 30 };
      const functions = { list: async () => ({ managed: [managed], problems: [] }) };
      return createScaler({ ...guard, bus, target, functions, fallback, lease, clock, activity });
    });
    void world.bus.subscribe("applied", async ({ data }) => void decided.push(data.atMs));
    const window = async (seq: number) => {
      await world.clock.advance(30_000);
      await world.bus.publish(windowEvent(seq, world.clock.nowMs()));
      await eventually(() => world.activity.ages()["stress"]?.["window"] === 0);
    };
    const propose = (seq: number) => {
      const data = { managed, proposal: aProposal({ seq }), window: aWindow({ seq }) };
      return world.bus.publish(makeEvent("proposal", { ...about(seq, world.clock.nowMs(), "policy-inference"), data }));
    };
    const proposal = async (seq: number) => {
      const before = decided.length;
      await propose(seq);
      await eventually(() => decided.length > before, { what: `a decision on ${seq}` });
    };
    const tick = async () => {
      await world.clock.advance(2_000);
      const data = { managed, tick: aTick({ atMs: world.clock.nowMs() }) };
      await world.bus.publish(makeEvent("tick", { ...about(world.clock.nowMs(), world.clock.nowMs()), data }));
      await eventually(() => world.activity.ages()["stress"]?.["tick"] === 0);
    };
    return { ...world, window, propose, proposal, tick };
  };

  test("of proposals: it decides by the rule, and says that it does", async (t) => {
    const { window, propose, proposal, problems } = start(t);
    await eventually(() => true);
    for (let seq = 1; seq <= 3; seq++) {
      await window(seq);
      await proposal(seq);
    }
    assert.equal(problems(), "");
    for (let seq = 4; seq <= 8; seq++) await window(seq);
    assert.match(problems(), /^no proposal of 'stress' for 150 s, one is due every 30 s; the fallback rule decides$/);
    // The rule does not wait for it any more, but it shows that they are back.
    await window(9);
    await propose(9);
    await eventually(() => problems() === "", { what: "well again" });
  });

  test("of windows: ticks alone do not make it well", async (t) => {
    const { tick, problems, clock } = start(t);
    await eventually(() => true);
    await tick();
    for (let n = 0; n < 61; n++) await clock.advance(2_000);
    await tick();
    assert.match(problems(), /no window of 'stress' for 12\d s/);
    assert.match(problems(), /no decision of 'stress' for 12\d s, one is due every 30 s; the replica count stays/);
  });
});

describe("a starved policy-inference", () => {
  const start = (results?: readonly InferenceResult[]) => {
    const world = make();
    const rule = { key: "hpa", make: policyByName("hpa"), mode: "auto", isAdvice: false, withheld: null } as const;
    const inference = createInference({ assignments: { of: async () => rule }, nowMs: () => world.clock.nowMs() });
    const step = results
      ? async () => results
      : (closed: Parameters<typeof inference.step>[0]) => inference.step(closed);
    const say = async (seq: number, isSigned = true) => {
      const event = windowEvent(seq, world.clock.nowMs());
      const body = Buffer.from(encodeEvent(event));
      decodeEvent("window", body);
      const verdict = isSigned ? ({ ok: true } as const) : ({ ok: false, because: "no" } as const);
      const answer = await answerWindows(
        { method: "POST", body, headers: { "content-type": "application/json" }, query: {}, path: "/" },
        {
          inference: { ...inference, step },
          judge: () => ({ verdict, once: Promise.resolve(verdict) }),
          nowMs: () => world.clock.nowMs(),
          ...{ bus: world.bus, activity: world.activity },
        },
      );
      await world.clock.advance(30_000);
      return answer;
    };
    return { ...world, say };
  };

  test("of windows: it says that there are none", async () => {
    const { say, clock, problems } = start();
    await say(1);
    assert.equal(problems(), "");
    await clock.advance(100_000);
    assert.match(problems(), /no window of 'stress' for 130 s/);
  });

  test("unsigned windows feed nobody", async () => {
    const { say, problems } = start();
    await say(1);
    for (let seq = 2; seq <= 6; seq++) await say(seq, false);
    assert.match(problems(), /no window of 'stress'/);
  });

  test("of a bus to tell it, or of a model: windows come and no proposal leaves", async () => {
    const { say, broken, problems } = start();
    await say(1);
    broken.bus = true;
    for (let seq = 2; seq <= 6; seq++) assert.equal((await say(seq)).status, 503);
    assert.match(problems(), /^no proposal of 'stress' for 180 s, one is due every 30 s; the fallback rule decides$/);
    const refused = start([{ kind: "refused", functionName: "stress", seq: 1, because: "the model is cut" }]);
    for (let seq = 1; seq <= 6; seq++) assert.equal((await refused.say(seq)).status, 422);
    assert.match(refused.problems(), /^no proposal of 'stress'/);
  });

  test("a model that may not speak owes no proposal", async () => {
    const { say, problems } = start([{ kind: "withheld", functionName: "stress", seq: 1, because: "it is off" }]);
    for (let seq = 1; seq <= 6; seq++) await say(seq);
    assert.equal(problems(), "");
  });
});
