import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { memoryBus } from "#test/support/memory-bus.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Tick } from "#shared/core/window.ts";
import { readHistory } from "#shared/events/history.ts";
import type { WindowClosed } from "#shared/events/types.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import type { FunctionStatus } from "#shared/ports/function-gateway.ts";
import { anApplied } from "#test/support/a-decision.ts";
import { eventually } from "#test/support/eventually.ts";
import { createCollector } from "#services/metrics-collector/collector.ts";
import { LastControls } from "#services/metrics-collector/last-controls.ts";
import { LimitsOfFunctions } from "#services/metrics-collector/learned-limits.ts";
import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";

/** A platform whose counters the test moves by hand. */
class FakePlatform {
  started = 0;
  scrapes = 0;
  ok = 0;
  replicas = 2;
  gatewayAway = false;
  metricsAway = false;
  annotations: Record<string, string> = { "replicant.mode": "auto" };
  edges: readonly string[] = ["0.1", "5"];

  list = async (): Promise<readonly FunctionStatus[]> => {
    if (this.gatewayAway) throw new Error("the gateway is away");
    const managed = {
      name: "stress",
      namespace: "openfaas-fn",
      image: "i",
      replicas: this.replicas,
      availableReplicas: this.replicas,
      labels: {},
      annotations: this.annotations,
      limits: {},
      requests: {},
    };
    return [managed, { ...managed, name: "plain", annotations: {} }];
  };

  scrape = async () => {
    const name = 'function_name="stress.openfaas-fn"';
    const functionMetrics = [
      `gateway_function_invocation_started{${name}} ${this.started}`,
      `gateway_function_invocation_total{${name},code="200"} ${this.ok}`,
      `gateway_service_count{${name}} ${this.replicas}`,
      ...[...this.edges, "+Inf"].map(
        (le) => `gateway_functions_seconds_bucket{${name},code="200",le="${le}"} ${this.ok}`,
      ),
      `gateway_functions_seconds_sum{${name},code="200"} ${this.ok * 0.05}`,
      `gateway_functions_seconds_count{${name},code="200"} ${this.ok}`,
      `promhttp_metric_handler_requests_total{code="200"} ${this.scrapes++}`,
      "",
    ].join("\n");
    return { functionMetrics: this.metricsAway ? null : functionMetrics, containerMetrics: null };
  };
}

/** Whoever waits on it wakes that much later, once: as a process that was stopped or starved. */
class PausingClock extends ManualClock {
  pauseMs = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const pauseMs = this.pauseMs;
    this.pauseMs = 0;
    await super.sleep(ms + pauseMs, signal);
  }
}

async function aCollector(t: TestContext, { timeLapse = 1, aheadMs = 0, log = silentLog } = {}) {
  const epochMs = 1_000_000;
  const clock = new PausingClock(epochMs);
  const bus = memoryBus({ clock });
  /** How far somebody set the wall clock. */
  const wall = { setMs: 0 };
  const platform = new FakePlatform();
  const windows: WindowClosed[] = [];
  const ticks: Tick[] = [];
  const ids: string[] = [];
  await bus.subscribe("window", async ({ id, data }) => {
    ids.push(id);
    windows.push(data);
  });
  await bus.subscribe("tick", async ({ data }) => void ticks.push(data.tick));
  const limits = new LimitsOfFunctions();
  const controls = new LastControls();
  const traceTime = { timeLapse, epochMs: epochMs + aheadMs };
  const activity = new Activity(() => clock.nowMs());
  const collector = createCollector({
    source: scrapedSource({ endpoint: platform, timeLapse }),
    gateway: platform,
    activity,
    bus,
    limits,
    controls,
    clock: { nowMs: () => clock.nowMs() + wall.setMs },
    monotonic: clock,
    generation: "g1",
    log,
    traceTime,
    windowSeconds: 30,
    tickSeconds: 2,
  });
  const ending = new AbortController();
  const running = collector.run(ending.signal);
  t.after(async () => {
    ending.abort();
    await running;
    await bus.close();
  });
  await eventually(() => collector.status().managed.length > 0);
  /** Lets `seconds` of trace time pass, tick by tick, moving the counters in between. */
  const pass = async (seconds: number, each: () => void = () => {}) => {
    for (let passed = 0; passed < seconds; passed += 2) {
      each();
      const before = collector.status().ticks;
      await clock.advance(2_000 / timeLapse);
      if (!platform.gatewayAway || collector.status().managed.length > 0) {
        await eventually(() => collector.status().ticks > before, { what: "a tick" });
      }
    }
  };
  return { clock, wall, platform, windows, ticks, ids, limits, controls, collector, pass };
}

describe("metrics-collector", () => {
  test("closes a window with the exact counts between its edges", async (t) => {
    const { pass, platform, windows } = await aCollector(t);
    await pass(30, () => {
      platform.started += 3;
      platform.ok += 2;
    });
    await eventually(() => windows.length === 1);
    const { window, managed } = windows[0]!;
    assert.equal(window.seq, 1);
    assert.equal(window.arrivals, 45);
    assert.equal(window.completedOk, 30);
    assert.equal(window.throughputRps, 1);
    assert.equal(window.desiredReplicas, 2);
    assert.equal(window.metricAgeSeconds, 0);
    assert.equal(managed.functionName, "stress");
    assert.deepEqual(window.missing, ["cpuRatio", "memoryRatio"]);
  });

  test("what the buckets let be known of the SLO is said once, and again when it changes", async (t) => {
    const said: unknown[] = [];
    const log = { ...silentLog, info: (fields: object) => void said.push(fields) };
    const { pass, platform, windows, collector } = await aCollector(t, { log });
    const window = async () => {
      await pass(30, () => platform.ok++);
      return windows.at(-1)!.window.late;
    };
    assert.deepEqual(await window(), { share: 0, because: null });
    await window();
    const between =
      "'stress': the share of requests later than 3 s is interpolated between the buckets of 0.1 and 5 s; " +
      "it is exact for an SLO of 0.1 or 5 s";
    assert.deepEqual(collector.status().notes, [between]);
    assert.deepEqual(said, [{ note: between }]);
    platform.annotations = { "replicant.mode": "auto", "replicant.slo.seconds": "12" };
    await window();
    const beyond =
      "'stress': the share of requests later than 12 s is not measured, as the buckets end at 5 s; " +
      "choose an SLO of at most 5 s";
    assert.deepEqual(collector.status().notes, [beyond]);
    platform.edges = ["0.1", "5", "12"];
    await window();
    assert.deepEqual(collector.status().notes, []);
    assert.deepEqual(said, [{ note: between }, { note: beyond }]);
    assert.deepEqual(collector.status().problems, []);
  });

  test("what is used of the budget is reported for each managed function, in numbers and in words", async (t) => {
    const { pass, platform, collector } = await aCollector(t);
    assert.equal(collector.status().budgets["stress"]!.words, "budget 5 %, use not measured");
    await pass(30, () => platform.ok++);
    const { words, ...use } = collector.status().budgets["stress"]!;
    assert.deepEqual(use, { share: 0, requests: 15, seconds: 30, unmeasuredSeconds: 0 });
    assert.equal(words, "0 % of 5 % used in the last 30 s");
    assert.deepEqual(Object.keys(collector.status().budgets), ["stress"]);
  });

  test("only functions under care get windows", async (t) => {
    const { pass, windows } = await aCollector(t);
    await pass(30);
    await eventually(() => windows.length > 0);
    assert.deepEqual([...new Set(windows.map(({ window }) => window.functionName))], ["stress"]);
  });

  test("what the platform made of a request goes along with the function, until it is to be tried anew", async (t) => {
    const { pass, windows, limits, clock } = await aCollector(t);
    limits.learn(anApplied({ desired: 9, applied: null, atMs: clock.nowMs() }));
    limits.learn(anApplied({ desired: 4, applied: 4, atMs: clock.nowMs() }));
    await pass(30);
    limits.learn(anApplied({ desired: 9, applied: 5, atMs: clock.nowMs() - 20_000 }));
    limits.learn(anApplied({ desired: 7, applied: 5, atMs: clock.nowMs() }));
    for (const desired of [9, 7]) limits.learn(anApplied({ functionName: "plain", desired, applied: 3 }));
    await pass(150);
    await eventually(() => windows.length === 6);
    const told = windows.map(({ managed }) => managed.platform);
    const known = { minReplicas: null, maxReplicas: 5 };
    assert.deepEqual(told, [undefined, known, known, known, undefined, undefined]);
    assert.equal(limits.of("plain", clock.nowMs()), undefined, "nobody asked for it, so it was not listened for");
  });

  test("a forged decision below where the count was is no cap", async (t) => {
    const { pass, windows, limits, clock } = await aCollector(t);
    await pass(30);
    for (const desired of [9, 7]) limits.learn(anApplied({ current: 4, desired, applied: 1, atMs: clock.nowMs() }));
    await pass(30);
    await eventually(() => windows.length === 2);
    assert.equal(windows[1]!.managed.platform, undefined);
  });

  test("windows are numbered without a gap and carry those before them", async (t) => {
    const { pass, windows } = await aCollector(t);
    await pass(90);
    await eventually(() => windows.length === 3);
    assert.deepEqual(
      windows.map(({ window, history }) => [window.seq, readHistory(history).map(({ seq }) => seq)]),
      [
        [1, []],
        [2, [1]],
        [3, [1, 2]],
      ],
    );
  });

  for (const { pausedAtSeconds, pauseSeconds, arrivals } of [
    { pausedAtSeconds: 56, pauseSeconds: 20, arrivals: [300, null, null, 300, 300] },
    { pausedAtSeconds: 48, pauseSeconds: 30, arrivals: [300, null, null, 300, 300] },
    // Windows that passed unseen stay unsaid.
    { pausedAtSeconds: 56, pauseSeconds: 40, arrivals: [300, null, null, 300] },
    { pausedAtSeconds: 36, pauseSeconds: 16, arrivals: [300, 300, 300, 300, 300] },
    { pausedAtSeconds: 56, pauseSeconds: 4, arrivals: [300, 320, 280, 300, 300] },
  ]) {
    test(`paused for ${pauseSeconds} s from ${pausedAtSeconds + 2} s on: what was seen too late is under no edge's date`, async (t) => {
      const { clock, platform, windows, ticks, collector } = await aCollector(t);
      const said = new Set<string>();
      for (let seconds = 1; seconds <= 150; seconds++) {
        if (seconds === pausedAtSeconds) clock.pauseMs = pauseSeconds * 1_000;
        platform.started += 10;
        platform.ok += 10;
        await clock.advance(1_000);
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        for (const problem of collector.status().problems) said.add(problem);
      }
      await eventually(() => windows.length === arrivals.length);
      assert.deepEqual(
        windows.map(({ window }) => window.arrivals),
        arrivals,
      );
      assert.ok(windows.every(({ window }) => window.endedAtMs % 30_000 === 10_000));
      assert.equal(said.size, arrivals.includes(null) ? 1 : 0, [...said].join());
      for (const one of said) assert.match(one, /^the look at a window's end came \d\d s after it: neither/);
      assert.deepEqual(collector.status().problems, []);
      const instants = ticks.map(({ atMs }) => atMs);
      assert.deepEqual(
        instants,
        instants.toSorted((a, b) => a - b),
      );
      const sum = ticks.reduce((all, tick) => all + tick.arrivals!, 0);
      assert.equal(sum, 1_500, "ticks laid end to end lose nothing");
    });
  }

  for (const setMs of [-60_000, 120_000]) {
    test(`a wall clock set by ${setMs / 1_000} s and back silences nothing, and is reported`, async (t) => {
      const { pass, wall, windows, ticks, ids, collector } = await aCollector(t);
      await pass(30);
      wall.setMs = setMs;
      await pass(60);
      await eventually(() => windows.length === 3);
      assert.deepEqual(
        windows.map(({ window }) => [window.generation, window.seq, window.endedAtMs]),
        [
          ["g1", 1, 1_030_000],
          ["g1", 2, 1_060_000],
          ["g1", 3, 1_090_000],
        ],
      );
      assert.deepEqual(ids, ["stress@g1.1030000/window", "stress@g1.1060000/window", "stress@g1.1090000/window"]);
      assert.equal(ticks.length, 45);
      assert.equal(collector.status().wallClockSetMs, setMs);
      const how = setMs > 0 ? "forward by 120" : "back by 60";
      assert.deepEqual(collector.status().problems, [
        `the wall clock was set ${how} s since the start; time goes on by the monotonic clock`,
      ]);
      wall.setMs = 0;
      await pass(30);
      await eventually(() => windows.length === 4);
      assert.deepEqual(collector.status().problems, []);
    });
  }

  test("a clock that is before the epoch numbers its windows from 1", async (t) => {
    const { pass, windows } = await aCollector(t, { aheadMs: 3_600_000 });
    await pass(60);
    await eventually(() => windows.length === 2);
    assert.deepEqual(
      windows.map(({ window }) => [window.seq, window.endedAtMs]),
      [
        [1, 1_030_000],
        [2, 1_060_000],
      ],
    );
  });

  test("ticks report what is in flight now and what arrived since the last", async (t) => {
    const { pass, platform, ticks } = await aCollector(t);
    await pass(4, () => {
      platform.started += 5;
      platform.ok += 1;
    });
    await eventually(() => ticks.length === 2);
    assert.deepEqual(
      ticks.map(({ inFlight, arrivals }) => [inFlight, arrivals]),
      [
        [4, 5],
        [8, 5],
      ],
    );
  });

  test("metrics that cannot be had are missing, never 0", async (t) => {
    const { pass, platform, windows } = await aCollector(t);
    platform.metricsAway = true;
    await pass(60);
    await eventually(() => windows.length === 2);
    const { window } = windows[1]!;
    assert.equal(window.arrivals, null);
    assert.ok(window.missing.includes("arrivals"));
    assert.equal(window.desiredReplicas, 2);
  });

  test("a gateway that is away leaves the counts to the gauges, and comes back by itself", async (t) => {
    const { pass, platform, windows, collector } = await aCollector(t);
    await pass(2);
    platform.gatewayAway = true;
    await pass(28);
    await eventually(() => windows.length === 1);
    assert.equal(windows[0]!.window.availableReplicas, null);
    assert.deepEqual(collector.status().problems, ["the gateway is away"]);
    platform.gatewayAway = false;
    await pass(30);
    await eventually(() => windows.length === 2);
    assert.equal(windows[1]!.window.availableReplicas, 2);
  });

  test("in time-lapse everything it says is in trace time", async (t) => {
    const { pass, platform, windows, clock } = await aCollector(t, { timeLapse: 10 });
    await pass(30, () => {
      platform.started += 2;
      platform.ok += 2;
    });
    await eventually(() => windows.length === 1);
    assert.equal(clock.nowMs(), 1_003_000);
    const { window } = windows[0]!;
    assert.equal(window.endedAtMs, 1_030_000);
    assert.equal(window.arrivals, 30);
    assert.equal(window.throughputRps, 1);
    assert.equal(window.executionSecondsMean, 0.5);
    assert.equal(window.timeLapse, 10);
  });

  test("annotations that cannot be read are reported, and the function is left alone", async (t) => {
    const { pass, platform, collector } = await aCollector(t);
    platform.annotations = { "replicant.mode": "maybe" };
    await pass(2).catch(() => {});
    await eventually(() => collector.status().managed.length === 0);
    assert.match(collector.status().problems[0]!, /replicant\.mode must be one of/);
  });
});
