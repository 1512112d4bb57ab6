/** The observation path: what a policy sees of the simulated truth, and how late. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { buildTick } from "#shared/metrics/window-builder.ts";
import type { WindowMode } from "#shared/metrics/reading.ts";
import { Observer } from "#shared/sim/observer.ts";
import type { ParameterName } from "#shared/sim/parameters.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { simProfile } from "#shared/sim/profiles.ts";

import { poissonSchedule } from "#test/support/sim/schedules.ts";

function observed(
  mode: WindowMode,
  {
    rps = 6,
    replicas = 9,
    parameters = {},
    seed = 1,
  }: { rps?: number; replicas?: number; seed?: number; parameters?: Partial<Record<ParameterName, number>> } = {},
) {
  const profile = simProfile("stress", { parameters: { droppedScrapeChance: 0, ...parameters } });
  const schedule = poissonSchedule({ rps, calls: rps * 3600, cv: 0.3, seed });
  const random = seededRandom(seed);
  const platform = new SimulatedPlatform({ profile, schedule, replicas, random: random.fork("platform") });
  const observer = new Observer({ platform, profile, random: random.fork("observer"), mode, windowSeconds: 30 });
  /** Runs to the next window's end in ticks of 2 s. */
  const next = (onTick?: (at: number) => void) => {
    const end = (Math.floor(platform.nowSeconds / 30) + 1) * 30;
    for (let at = end - 28; at <= end; at += 2) {
      observer.advance(at);
      observer.measure(end - at);
      onTick?.(at);
    }
    return observer.window();
  };
  return { platform, observer, next };
}

test("observer: an exact window is the truth", () => {
  const { platform, next } = observed("exact");
  for (let i = 0; i < 20; i++) {
    const started = platform.gateway.started;
    const ok = platform.gateway.ended[0]!;
    const used = [...platform.deployment.replicas.all].reduce(
      (sum, { place }) => sum + platform.cpu.usedSeconds(place, platform.nowSeconds),
      0,
    );
    const window = next();
    assert.equal(window.arrivals, platform.gateway.started - started);
    assert.equal(window.completedOk, platform.gateway.ended[0]! - ok);
    const usedNow = [...platform.deployment.replicas.all].reduce(
      (sum, { place }) => sum + platform.cpu.usedSeconds(place, platform.nowSeconds),
      0,
    );
    assert.ok(Math.abs(window.cpuRatio! - (usedNow - used) / (30 * 9 * 0.1)) < 1e-9);
    assert.equal(window.metricAgeSeconds, 0);
    assert.deepEqual(window.missing, []);
    assert.deepEqual([window.desiredReplicas, window.availableReplicas], [9, 9]);
  }
});

test("observer: an exact tick is what the collector's builder makes of the same scrapes", () => {
  const { observer, next } = observed("exact", { parameters: { droppedScrapeChance: 0.2 } });
  let dropped = 0;
  for (let i = 0; i < 20; i++) {
    next((at) => {
      const tick = observer.tick(2);
      const { desiredReplicas, availableReplicas, functionName, namespace } = tick;
      const built = buildTick(observer.store, {
        functionName,
        namespace,
        atMs: at * 1000,
        sinceMs: at * 1000 - 2000,
        timeLapse: 1,
        replicas: { desiredReplicas, availableReplicas },
      });
      if (tick.arrivals === null) dropped++;
      assert.deepEqual(tick, built);
    });
  }
  assert.ok(dropped > 20);
});

test("observer: latencies are those of the gateway's buckets, means are exact", () => {
  const { platform, next } = observed("exact");
  const before = { sum: platform.gateway.sumSeconds[0]!, count: platform.gateway.ended[0]! };
  for (let i = 0; i < 10; i++) next();
  before.sum = platform.gateway.sumSeconds[0]!;
  before.count = platform.gateway.ended[0]!;
  platform.tally.clear();
  const window = next();
  const mean = (platform.gateway.sumSeconds[0]! - before.sum) / (platform.gateway.ended[0]! - before.count);
  assert.ok(Math.abs(window.executionSecondsMean! - mean) < 1e-9);
  // The true quantile and the told one lie in the same bucket.
  const bounds = [0.5, 1, 2.5, 5, 10];
  const bucket = (seconds: number) => bounds.findIndex((bound) => seconds <= bound);
  assert.equal(bucket(window.latencySeconds.p50!), bucket(platform.tally.latency.quantile(0.5)!));
});

test("observer: Prometheus sees the same rates on average, later, and its samples have an age", () => {
  const { next, platform } = observed("promql");
  next();
  next();
  let arrivals = 0;
  const ages: number[] = [];
  const ratios: number[] = [];
  const begun = platform.gateway.started;
  for (let i = 0; i < 60; i++) {
    const window = next();
    arrivals += window.arrivals!;
    ages.push(window.metricAgeSeconds!);
    ratios.push(window.cpuRatio!);
  }
  const truth = platform.gateway.started - begun;
  assert.ok(Math.abs(arrivals - truth) < 0.03 * truth, `${arrivals} told, ${truth} true`);
  assert.ok(ages.every((age) => age > 0 && age <= 5));
  assert.equal(new Set(ages.map((age) => age.toFixed(6))).size, 1, "the phase is drawn once");
  const mean = ratios.reduce((a, b) => a + b) / ratios.length;
  assert.ok(Math.abs(mean - 0.67) < 0.05, `CPU ratio ${mean}`);
});

test("observer: a step of the load is seen whole in exact windows, and partly through Prometheus", () => {
  const seen = (mode: WindowMode) => {
    const { next, platform } = observed(mode, { rps: 6, parameters: { gatewayScrapeSeconds: 15 } });
    for (let i = 0; i < 5; i++) next();
    const before = platform.gateway.started;
    return { told: next().arrivals!, truth: platform.gateway.started - before };
  };
  const exact = seen("exact");
  assert.equal(exact.told, exact.truth);
  const late = seen("promql");
  assert.notEqual(late.told, late.truth);
});

test("observer: a dropped scrape at a window's end leaves the counts to the last reading, or missing; never 0", () => {
  const { next, platform } = observed("exact", { parameters: { droppedScrapeChance: 0.5 } });
  let [missing, told, calls] = [0, 0, 0];
  for (let i = 0; i < 100; i++) {
    const window = next();
    if (window.arrivals === null) {
      missing++;
      assert.ok(window.missing.includes("arrivals") && window.completedOk === null);
    } else {
      told++;
      calls += window.arrivals;
      assert.ok(window.arrivals > 30, `${window.arrivals}`);
    }
  }
  assert.ok(missing > 2 && told > 50, `${missing} missing, ${told} told`);
  assert.ok(Math.abs(calls / told / 30 - 6) < 0.6);
  assert.ok(platform.gateway.started > 0);
});

test("observer: series of a replica that is gone linger as long as they are told to", () => {
  const replicasSeen = (lingerSeconds: number) => {
    const { observer, platform, next } = observed("promql", {
      parameters: { lingerSeconds, containerScrapeSeconds: 5 },
    });
    next();
    platform.scale(3);
    next();
    next();
    const memory = observer.store.select("container_memory_working_set_bytes", "container", "stress");
    return memory.filter((series) => series.isLive).length;
  };
  assert.equal(replicasSeen(0), 3);
  assert.equal(replicasSeen(300), 9);
});
