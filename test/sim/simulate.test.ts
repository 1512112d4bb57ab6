import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import type { PolicyInput, ScalingPolicy } from "#shared/core/policy.ts";
import { neededReplicas, simProfile } from "#shared/sim/profiles.ts";
import { simulate, type SimulateOptions } from "#shared/sim/simulate.ts";

import { poissonSchedule, scheduleAt } from "#test/support/sim/schedules.ts";

const always = (replicas: number): ScalingPolicy => ({
  identity: { name: `fixed:${replicas}`, version: "1" },
  propose: () => ({ proposedReplicas: replicas, because: "always" }),
});
const byNeed = (): ScalingPolicy => ({
  identity: { name: "need", version: "1" },
  propose: ({ window }: PolicyInput) => ({
    proposedReplicas: neededReplicas(simProfile("stress"), window.arrivals / window.windowSeconds, 0.5),
    because: "by arrivals",
  }),
});
const schedule = poissonSchedule({ rps: 5, calls: 9000, cv: 0.3 });
const run = (options: Partial<SimulateOptions> = {}) => simulate({ schedule, profile: "stress", seed: 1, ...options });

test("simulate: same options, same result; another seed, another", () => {
  assert.deepEqual(run({ policy: byNeed() }), run({ policy: byNeed() }));
  assert.notDeepEqual(run({ policy: byNeed() }).totals, run({ policy: byNeed(), seed: 2 }).totals);
});

test("simulate: windows and totals agree, and every call is accounted for", () => {
  const { windows, totals } = run({ policy: byNeed() });
  assert.equal(windows.length, Math.ceil(schedule.durationSeconds / 30));
  assert.equal(totals.calls, 9000);
  assert.equal(totals.ok + totals.failed, 9000);
  assert.equal(
    Object.values(totals.failedByClass).reduce((a, b) => a + b, 0),
    totals.failed,
  );
  const sum = (of: (w: (typeof windows)[number]) => number) => windows.reduce((all, w) => all + of(w), 0);
  // The last calls end after the last window.
  assert.ok(sum(({ truth }) => truth.ok) <= totals.ok && sum(({ truth }) => truth.ok) > totals.ok - 50);
  assert.ok(Math.abs(sum(({ truth }) => truth.replicaSeconds) - totals.replicaSeconds) < 1e-6);
  assert.deepEqual(
    windows.map(({ window }) => window.seq),
    windows.map(({ index }) => index + 1),
  );
});

test("simulate: more replicas violate less and cost more", () => {
  const [few, more] = [6, 14].map((n) => run({ policy: always(n), initialReplicas: n, guard: "off" }).totals);
  assert.ok(
    few!.sloViolationShare > 0.2 && more!.sloViolationShare < 0.1,
    `${few!.sloViolationShare} ${more!.sloViolationShare}`,
  );
  assert.ok(Math.abs(more!.replicaSeconds / few!.replicaSeconds - 14 / 6) < 0.01);
  assert.equal(few!.churn, 0);
});

test("simulate: the guard limits how fast the count falls; without it the proposal is applied", () => {
  const calm = poissonSchedule({ rps: 0.2, calls: 100 });
  const fall = (guard: "on" | "off") =>
    run({ schedule: calm, policy: always(1), initialReplicas: 12, guard }).windows.map(
      ({ decision }) => decision!.applied,
    );
  assert.deepEqual(fall("off").slice(0, 3), [1, 1, 1]);
  const guarded = fall("on");
  assert.ok(guarded[0] === 12 && guarded.at(-1)! < 12, guarded.slice(0, 8).join());
  guarded.reduce((before, now) => (assert.ok(now >= Math.floor(before / 2)), now));
});

test("simulate: in a burst the guard's floor scales between windows, before any proposal", () => {
  const burst = scheduleAt(
    Array.from({ length: 300 }, (_, i) => 31 + i / 60),
    90,
  );
  const quiet: ScalingPolicy = {
    identity: { name: "quiet", version: "1" },
    propose: () => ({ proposedReplicas: 1, because: "no" }),
  };
  const with_ = simulate({ schedule: burst, profile: "stress", seed: 1, policy: quiet });
  const without = simulate({ schedule: burst, profile: "stress", seed: 1, policy: quiet, guard: "off" });
  assert.ok(with_.windows[1]!.truth.desired > 4);
  assert.equal(without.windows[1]!.truth.desired, 1);
});

test("simulate: a tick policy acts at its own pace, within the bounds", () => {
  const seen: number[] = [];
  const tickPolicy = {
    identity: { name: "eager", version: "1" },
    onTick: ({ atMs }: { atMs: number }) => (seen.push(atMs), { proposedReplicas: 100, because: "all" }),
  };
  const { windows, totals } = run({ tickPolicy, tickSeconds: 6 });
  assert.deepEqual(seen.slice(0, 6), [6000, 12000, 18000, 24000, 30000, 36000]);
  assert.equal(windows[0]!.truth.desired, 24);
  assert.equal(windows[0]!.decision, null);
  assert.equal(totals.churn, 23);
});

test("simulate: no policy is asked on a window that was not measured: the count is held", () => {
  let asked = 0;
  const policy: ScalingPolicy = {
    identity: { name: "p", version: "1" },
    propose: () => (asked++, { proposedReplicas: 9, because: "x" }),
  };
  const { windows, totals } = run({ policy, changes: { parameters: { droppedScrapeChance: 1 } } });
  assert.equal(asked, 0);
  assert.equal(totals.heldDecisions, windows.length);
  assert.ok(windows.every(({ decision }) => decision!.applied === 1));
});

test("simulate: randomised parameters are told, and drawn by the seed alone", () => {
  const drawn = (seed: number) => run({ seed, randomise: true }).parameters;
  assert.deepEqual(drawn(1), drawn(1));
  assert.notEqual(drawn(1).startMedianSeconds, drawn(2).startMedianSeconds);
  assert.equal(run().parameters.startMedianSeconds, 2.5);
});

test("simulate: a window in which a call failed is not fully served", () => {
  const twoWindows = scheduleAt([1, 31, 61], 90);
  const failing = { parameters: { maxInflight: 1 } };
  assert.equal(
    simulate({ schedule: twoWindows, profile: "stress", seed: 1, changes: failing }).totals.windowsFullyServedShare,
    1,
  );
  const crowded = scheduleAt([1, 31, 31.01, 61], 90);
  const { totals } = simulate({ schedule: crowded, profile: "stress", seed: 1, changes: failing });
  assert.deepEqual([totals.windowsFullyServedShare, totals.failedByClass], [2 / 3, { "429": 1 }]);
  assert.equal(totals.sloViolationShare, 1 / 4);
});

test("simulate: an empty schedule is a run, too", () => {
  const { totals, windows } = simulate({ schedule: scheduleAt([], 60), profile: "stress", seed: 1, policy: byNeed() });
  assert.deepEqual(
    [totals.calls, totals.sloViolationShare, totals.p95Seconds, totals.windowsFullyServedShare],
    [0, 0, null, null],
  );
  assert.deepEqual(
    windows.map(({ window }) => window.arrivals),
    [0, 0],
  );
});

test("simulate: windows and ticks without length are refused", () => {
  assert.throws(() => run({ windowSeconds: 0 }), BadInputError);
  assert.throws(() => run({ tickSeconds: -1 }), BadInputError);
});
