/** Pass criteria of Knative's `test/performance` and `test/e2e` autoscaling scenarios (S1, S5–S9). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { runScenario, stagesOf, within } from "#test/support/sim/knative.ts";

const SEEDS = [1, 2, 3];

test("S1: 1k → 2k → 3k calls/s that sleep 100 ms: P95 100–115 ms, none over 10 s, no errors", () => {
  const schedule = stagesOf([1000, 2000, 3000].map((rps) => ({ seconds: 120, rps })));
  const { totals } = runScenario({ schedule, sleepSeconds: 0.1, kpa: { target: 100 } });
  assert.equal(totals.calls, 720_000);
  assert.ok(totals.ok >= 0.999 * totals.calls);
  assert.equal(totals.failed, 0);
  // The profile's SLO is 10 s: nobody was later than that.
  assert.equal(totals.sloViolationShare, 0);
  assert.ok(totals.p95Seconds! >= 0.1 && totals.p95Seconds! <= 0.115, `P95 ${totals.p95Seconds}`);
});

const TARGET = 6;
const UTILISATION = 0.7;
const SLEEP_SECONDS = 0.5;
const UP = { target: TARGET, utilisation: UTILISATION, stableWindowSeconds: 30 };

/** Calls per second that keep `pods` at their target before utilisation. */
const rpsFor = (pods: number) => (pods * TARGET) / SLEEP_SECONDS;

/** Knative's band around a load for `target` pods that comes when there are `current`. */
const band = (current: number, target: number) => ({
  least: Math.floor(current / UTILISATION) - 1,
  most: Math.ceil(Math.ceil(target / UTILISATION) * 1.1),
});

describe("S5: pods 1 → 2 → 3 → 4 under a target of 6, utilisation 0.7, calls that sleep 500 ms", () => {
  const STAGE_SECONDS = 90;
  const stages = [2, 3, 4];
  const schedule = stagesOf(stages.map((pods) => ({ seconds: STAGE_SECONDS, rps: rpsFor(pods) })));
  for (const seed of SEEDS) {
    test(`seed ${seed}: each within 90 s, in the band all along, success ≥ 99.9 %`, () => {
      const { totals, ticks } = runScenario({ schedule, sleepSeconds: SLEEP_SECONDS, kpa: UP, seed });
      assert.ok(totals.ok / totals.calls >= 0.999);
      stages.forEach((pods, i) => {
        const { least, most } = band(pods - 1, pods);
        const seen = within(ticks, i * STAGE_SECONDS, (i + 1) * STAGE_SECONDS);
        for (const { atSeconds, ready } of seen) {
          assert.ok(ready >= least && ready <= most, `${ready} ready at ${atSeconds} s, wanted ${least}…${most}`);
        }
        assert.ok(seen.at(-1)!.ready >= pods, `stage ${pods}: ${seen.at(-1)!.ready} ready at its end`);
      });
    });
  }
});

describe("S6: eight pods for two minutes", () => {
  const RAMP_SECONDS = 60;
  const schedule = stagesOf([{ seconds: RAMP_SECONDS + 120, rps: rpsFor(8) }]);
  const { least, most } = band(8, 8);
  for (const seed of SEEDS) {
    test(`seed ${seed}: in the band from the first minute on, success ≥ 99.9 %`, () => {
      const { totals, ticks } = runScenario({ schedule, sleepSeconds: SLEEP_SECONDS, kpa: UP, seed });
      assert.ok(totals.ok / totals.calls >= 0.999);
      for (const { atSeconds, ready } of within(ticks, RAMP_SECONDS, Infinity)) {
        assert.ok(ready >= least && ready <= most, `${ready} ready at ${atSeconds} s, wanted ${least}…${most}`);
      }
    });
  }
});

describe("S7: target 10, seven callers, then five more", () => {
  // A caller sends again when it was answered: so many are in flight at all times.
  const answerSeconds = SLEEP_SECONDS + 0.0036;
  const callers = (count: number) => ({ seconds: 60, rps: count / answerSeconds });
  const schedule = stagesOf([callers(7), callers(12)]);
  for (const seed of SEEDS) {
    test(`seed ${seed}: one pod, then exactly two`, () => {
      const { totals, ticks } = runScenario({ schedule, sleepSeconds: SLEEP_SECONDS, kpa: { target: 10 }, seed });
      assert.equal(totals.failed, 0);
      assert.deepEqual([...new Set(within(ticks, 0, 60).map(({ desired }) => desired))], [1]);
      // A stable window later the averages are those of twelve callers, and panic, if there was any, is over.
      assert.deepEqual([...new Set(within(ticks, 70, 120).map(({ desired }) => desired))], [2]);
      assert.equal(ticks.at(-1)!.ready, 2);
    });
  }
});

const FROM_ZERO = { minReplicas: 0 };
const GRACE_SECONDS = 30;

test("S8: stable window 6 s: at zero within the grace period and 15 s after the last call", () => {
  const LOAD_SECONDS = 60;
  const schedule = stagesOf([
    { seconds: LOAD_SECONDS, rps: 4 },
    { seconds: 60, rps: 0 },
  ]);
  const kpa = { target: 10, stableWindowSeconds: 6 };
  const { ticks, totals } = runScenario({ schedule, sleepSeconds: SLEEP_SECONDS, kpa, changes: FROM_ZERO });
  assert.equal(totals.failed, 0);
  assert.ok(within(ticks, 0, LOAD_SECONDS + GRACE_SECONDS).every(({ desired }) => desired >= 1));
  const late = within(ticks, LOAD_SECONDS + GRACE_SECONDS + 15, Infinity);
  assert.ok(late.length > 0 && late.every(({ desired }) => desired === 0), JSON.stringify(late));
});

test("S9: activation scale 5 from zero: five pods on the first call, which is answered", () => {
  const FIRST_CALL_SECONDS = 10;
  const schedule = stagesOf([
    { seconds: FIRST_CALL_SECONDS, rps: 0 },
    { seconds: 10, rps: 0.1 },
  ]);
  const kpa = { target: 10, activationScale: 5 };
  const { ticks, totals } = runScenario({
    schedule,
    sleepSeconds: SLEEP_SECONDS,
    kpa,
    changes: FROM_ZERO,
    initialReplicas: 0,
  });
  assert.equal(totals.calls, 1);
  assert.equal(totals.ok, 1);
  assert.equal(totals.coldStarts, 1);
  assert.ok(within(ticks, 0, FIRST_CALL_SECONDS).every(({ desired }) => desired === 0));
  assert.equal(Math.max(...ticks.map(({ desired }) => desired)), 5);
});
