import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { traceSeconds, type Trace } from "#shared/traces/trace.ts";
import { foresightOf, initialReplicas, neededSpan, startupSeconds } from "#shared/evaluation/foresight.ts";
import { scheduleOf } from "#shared/evaluation/run.ts";
import { timelineOf } from "#shared/evaluation/timeline.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { runSmall, SMALL_CELL, SMALL_TRACE } from "#test/support/evaluation.ts";

describe("a run", () => {
  test("is the same again; another seed is another run of as many calls", async () => {
    const [one, again, other] = [
      await runSmall("openfaas-pro", { detail: "windows" }),
      await runSmall("openfaas-pro", { detail: "windows" }),
      await runSmall("openfaas-pro", { detail: "windows", seed: 2 }),
    ];
    assert.deepEqual(one, again);
    assert.notDeepEqual(one.totals, other.totals);
    assert.equal(one.totals.calls, other.totals.calls);
  });

  test("its windows add up to its totals", async () => {
    const { windows, totals } = await runSmall("hpa", { detail: "windows" });
    const sum = (of: (window: NonNullable<typeof windows>[number]) => number) =>
      windows!.reduce((all, window) => all + of(window), 0);
    assert.equal(windows!.length, SMALL_TRACE.counts.length);
    assert.equal(
      sum(({ arrivals }) => arrivals),
      totals.calls,
    );
    assert.ok(Math.abs(sum(({ replicaSeconds }) => replicaSeconds) - totals.replicaSeconds) < 1e-6);
  });

  test("begins with the replicas that the first window's load needs", async () => {
    const schedule = scheduleOf({ ...SMALL_CELL, rateScale: 6 }, 1);
    // 4 calls/s of 1 s on one replica, at 70 %: 5.7.
    const initial = initialReplicas(schedule, SMALL_CELL.profile);
    assert.ok(initial >= 5 && initial <= 7, `${initial}`);
    assert.equal(initialReplicas(scheduleOf({ ...SMALL_CELL, rateScale: 100 }, 1), SMALL_CELL.profile), 24);
    assert.equal(
      (await runSmall("hpa")).initialReplicas,
      initialReplicas(scheduleOf(SMALL_CELL, 1), SMALL_CELL.profile),
    );
  });

  test("the oracle is ready for a burst that the others only see", async () => {
    const oracle = await runSmall("oracle");
    const hpa = await runSmall("hpa@bare");
    assert.ok(oracle.totals.sloViolationShare < hpa.totals.sloViolationShare);
  });

  for (const { name, profile, want } of [
    { name: "CPU decides", profile: simProfile("stress"), want: 1 },
    { name: "places decide where calls sleep", profile: simProfile("io"), want: (0.4 + 0.005) / 4 },
  ]) {
    test(`a call keeps a replica busy: ${name}`, () =>
      assert.ok(Math.abs(foresightOf(scheduleOf(SMALL_CELL, 1), profile).busySeconds - want) < 1e-12));
  }

  test("a start takes its typical time", () => {
    // (0.1 + 0.3) / 2 + 2.5 + 2 / 2 + 0.2
    assert.ok(Math.abs(startupSeconds(simProfile("stress")) - 3.9) < 1e-12);
  });

  test("needed replicas: mean and peak over windows, gaps need one", () => {
    const schedule = {
      durationSeconds: 90,
      windowSeconds: 30,
      // 84 calls of 1 s in the first window: 2.8 busy, 4 needed; none in the second; 21 in the third: 1 needed.
      offsetSeconds: Float64Array.from(
        [...Array(84).keys()].map((i) => i / 3).concat([...Array(21).keys()].map((i) => 60 + i)),
      ),
      work: new Float32Array(105).fill(1),
    };
    assert.deepEqual(neededSpan(schedule, simProfile("stress")), { mean: 2, peak: 4 });
  });
});

const instants = (arrivalSeconds: number[], durationSeconds: number): Trace => ({
  kind: "instants",
  format: "per-invocation",
  name: "odd",
  arrivalSeconds,
  durationSeconds,
});

describe("any trace", () => {
  const long = new Array<number>(6000).fill(0);
  long[5990] = 30;
  for (const { name, trace, rateScale } of [
    { name: "nothing at all", trace: { ...SMALL_TRACE, counts: [0, 0, 0] }, rateScale: 1 },
    { name: "a single window", trace: { ...SMALL_TRACE, counts: [3] }, rateScale: 1 },
    { name: "a single call in less than a second", trace: instants([0], 0.5), rateScale: 1 },
    { name: "two days of silence before the load", trace: { ...SMALL_TRACE, counts: long }, rateScale: 1 },
    { name: "a length that is no whole number of windows", trace: instants([1, 44.9], 45), rateScale: 3 },
    {
      name: "minutes instead of half minutes",
      trace: { ...SMALL_TRACE, binSeconds: 60, counts: [60, 0, 5] },
      rateScale: 1,
    },
    { name: "far more than the function can carry", trace: { ...SMALL_TRACE, counts: [900, 900, 0, 0] }, rateScale: 4 },
    { name: "a rate scale far below one", trace: SMALL_TRACE, rateScale: 0.001 },
  ]) {
    for (const policy of ["openfaas-pro", "kpa", "oracle"]) {
      test(`${name}: ${policy}`, async () => {
        const cell = { ...SMALL_CELL, trace, rateScale };
        const { totals, windows, timeline, needed } = await runSmall(policy, { cell, detail: "windows" });
        assert.equal(windows!.length, Math.ceil(traceSeconds(trace) / 30 - 1e-9));
        assert.equal(totals.ok + totals.failed, totals.calls);
        assert.ok(totals.replicaSeconds >= 0 && totals.sloViolationShare >= 0 && totals.sloViolationShare <= 1);
        assert.ok(needed.mean >= 1 && needed.peak >= needed.mean);
        assert.equal(timeline, null);
      });
    }
  }
});

describe("a time line", () => {
  test("is a bin for each window while they are few", async () => {
    const { timeline } = await runSmall("fixed:2@bare", { detail: "timeline" });
    assert.equal(timeline!.binSeconds, 30);
    assert.equal(timeline!.arrivalsRps.length, SMALL_TRACE.counts.length);
    assert.equal(timeline!.arrivalsRps[0], 0.667);
    assert.equal(timeline!.readyReplicas.at(-1), 2);
    // Long after the last call of the burst nothing ends any more.
    assert.equal(timeline!.p95Seconds[32], null);
  });

  test("takes several windows together where they are many, and loses none", async () => {
    const { windows } = await runSmall("fixed:2@bare", { detail: "windows" });
    const records = windows!.map((truth, index) => ({ index, truth }));
    const { binSeconds, arrivalsRps, p95Seconds } = timelineOf(records as never, 30, 7);
    assert.equal(binSeconds, 180);
    assert.equal(arrivalsRps.length, 7);
    const first = windows!.slice(0, 6);
    assert.equal(
      arrivalsRps[0],
      Math.round((first.reduce((sum, { arrivals }) => sum + arrivals, 0) / 180) * 1000) / 1000,
    );
    assert.ok(Math.abs(p95Seconds[0]! - Math.max(...first.map(({ p95Seconds: p95 }) => p95 ?? 0))) < 0.001);
  });
});
