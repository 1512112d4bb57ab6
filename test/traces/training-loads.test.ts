import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { plainTraceLoad, scaledTraceLoad, syntheticLoad, type TrainingTrace } from "#shared/traces/training-loads.ts";

const counts = Array.from({ length: 200 }, (_, i) => (i % 10 === 0 ? 60 : 6));
const trace: TrainingTrace = {
  trace: { kind: "binned", format: "counts-30s", name: "pulses", binSeconds: 30, counts },
  rateScale: 2,
};
const ask = (seed: number, seconds = 3000) => ({
  random: seededRandom(seed),
  seconds,
  rpsPerReplica: 0.5,
  workCv: 0.3,
});

test("loads: the same chance gives the same load, another another", () => {
  for (const load of [plainTraceLoad([trace]), scaledTraceLoad([trace]), syntheticLoad]) {
    assert.deepEqual(load(ask(1)), load(ask(1)));
    assert.notDeepEqual(load(ask(1)).offsetSeconds, load(ask(2)).offsetSeconds);
    assert.equal(load(ask(1)).durationSeconds, 3000);
  }
});

test("loads: a trace as it is keeps its rates; a short one begins again", () => {
  const { offsetSeconds } = plainTraceLoad([trace])(ask(3, 12_000));
  // 400 windows of 11.4 on the average, twice.
  assert.ok(Math.abs(offsetSeconds.length / (400 * 11.4 * 2) - 1) < 0.05);
});

test("loads: scaled to the replicas that they need, never more than the function may have", () => {
  for (const load of [scaledTraceLoad([trace]), syntheticLoad]) {
    const needs = Array.from({ length: 60 }, (_, seed) => {
      const { offsetSeconds } = load(ask(seed));
      const windows = new Float64Array(100);
      for (const offset of offsetSeconds) windows[Math.floor(offset / 30)]!++;
      // Poisson counts: ten windows' mean is near the rate that was meant.
      const means = Array.from(
        { length: 10 },
        (_, i) => windows.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b) / 10,
      );
      assert.ok(Math.max(...means) / 30 / 0.5 < 23);
      return offsetSeconds.length / 3000 / 0.5;
    });
    assert.ok(Math.min(...needs) < 1 && Math.max(...needs) > 3, `${Math.min(...needs)}…${Math.max(...needs)}`);
  }
});
