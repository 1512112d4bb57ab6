import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { BinnedTrace, InstantTrace } from "#shared/traces/trace.ts";
import { neededReplicas, PROFILES } from "#shared/sim/profiles.ts";
import { gamma, geometric, overdispersed, pareto } from "#shared/sim/workloads/draws.ts";
import { PATTERNS, patternTrace } from "#shared/sim/workloads/patterns.ts";
import { syntheticFunction } from "#shared/sim/workloads/synthetic.ts";
import { patternWorkload, rpsFor, syntheticWorkload } from "#shared/sim/workloads/workloads.ts";

const DAY_SECONDS = 86_400;

/** Counts of each minute. */
function perMinute(trace: BinnedTrace | InstantTrace): Float64Array {
  const minutes = new Float64Array(DAY_SECONDS / 60);
  if (trace.kind === "instants") for (const at of trace.arrivalSeconds) minutes[Math.floor(at / 60)]!++;
  else trace.counts.forEach((count, bin) => (minutes[Math.floor((bin * trace.binSeconds) / 60)]! += count));
  return minutes;
}

function moments(values: ArrayLike<number>) {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const mean = sum / values.length;
  return { mean, variance: squares / values.length - mean * mean };
}
const quantile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;

test("synthetic: 500 days vary as those of Azure's mid-rate HTTP functions do", () => {
  const cvs: number[] = [];
  const active: number[] = [];
  for (let seed = 0; seed < 500; seed++) {
    const { trace } = syntheticFunction(seededRandom(seed), { callsPerDay: [100, 3000], durationSeconds: DAY_SECONDS });
    const minutes = perMinute(trace);
    const { mean, variance } = moments(minutes);
    if (mean === 0) continue;
    cvs.push(Math.sqrt(variance) / mean);
    active.push(minutes.filter((count) => count > 0).length / minutes.length);
  }
  for (const { what, values, wants } of [
    { what: "CV", values: cvs, wants: [1.21, 3.0, 9.1] },
    { what: "active minutes", values: active, wants: [0.02, 0.13, 0.54] },
  ]) {
    wants.forEach((want, i) => {
      const got = quantile(values, [0.1, 0.5, 0.9][i]!);
      assert.ok(
        Math.abs(got - want) <= 0.3 * want,
        `${what} p${[10, 50, 90][i]}: ${got.toFixed(3)}, wanted ${want} ± 30 %`,
      );
    });
  }
});

test("synthetic: the daily total is met on average, whatever the kind", () => {
  for (const kind of ["timer", "intermittent", "continuous"] as const) {
    let total = 0;
    for (let seed = 0; seed < 60; seed++) {
      const options = { callsPerDay: [20_000, 20_000] as const, durationSeconds: DAY_SECONDS, kind };
      total += perMinute(syntheticFunction(seededRandom(seed), options).trace).reduce((a, b) => a + b);
    }
    assert.ok(Math.abs(total / 60 / 20_000 - 1) < 0.35, `${kind}: ${total / 60}`);
  }
});

test("synthetic: same chance, same function; work within its laws", () => {
  const options = { callsPerDay: [5000, 50_000] as const, durationSeconds: 3600 };
  assert.deepEqual(syntheticFunction(seededRandom(4), options), syntheticFunction(seededRandom(4), options));
  const seconds: number[] = [];
  for (let seed = 0; seed < 1000; seed++) {
    const { work } = syntheticFunction(seededRandom(seed), { ...options, durationSeconds: 30 });
    seconds.push(work.meanSeconds);
    assert.ok(work.meanSeconds >= 0.001 && work.meanSeconds <= 60 && work.cpuShare >= 0.3 && work.cv <= 1);
  }
  assert.ok(Math.abs(Math.log(quantile(seconds, 0.5)) + 0.45) < 0.25, `median ${quantile(seconds, 0.5)}`);
});

test("draws: their means and spreads are those of their laws", () => {
  const random = seededRandom(8);
  const draw = (of: () => number) => moments(Float64Array.from({ length: 100_000 }, of));
  for (const shape of [0.2, 1, 7.5]) {
    const { mean, variance } = draw(() => gamma(random, shape));
    assert.ok(
      Math.abs(mean / shape - 1) < 0.03 && Math.abs(variance / shape - 1) < 0.06,
      `gamma ${shape}: ${mean} ${variance}`,
    );
  }
  const counts = draw(() => overdispersed(random, 4, 10));
  assert.ok(Math.abs(counts.mean - 4) < 0.1 && Math.abs(counts.variance / counts.mean - 10) < 0.5);
  const plain = draw(() => overdispersed(random, 4, 1));
  assert.ok(Math.abs(plain.variance / plain.mean - 1) < 0.03);
  assert.ok(Math.abs(draw(() => geometric(random, 5)).mean - 5) < 0.1);
  const heights = Float64Array.from({ length: 1000 }, () => pareto(random, 1.5, 2, 30));
  assert.ok(heights.every((height) => height >= 2 && height <= 30) && heights.includes(30));
});

for (const pattern of PATTERNS) {
  test(`pattern: ${pattern} has its mean, and its shape by the seed`, () => {
    const make = (seed: number) =>
      patternTrace(pattern, { meanRps: 2, durationSeconds: 7200, random: seededRandom(seed) });
    const { counts, binSeconds } = make(1);
    assert.equal(counts.length * binSeconds, 7200);
    assert.ok(Math.abs(counts.reduce((a, b) => a + b) - 14_400) < 1e-6);
    assert.ok(counts.every((count) => count > 0));
    assert.deepEqual(make(1), make(1));
    const peak = Math.max(...counts) / 60;
    const [least, most] = {
      constant: [1, 1],
      periodic: [1.75, 1.85],
      variable: [1.2, 4],
      bursty: [2, 10],
      ramp: [1.75, 1.8],
      flash: [6, 8],
    }[pattern] as [number, number];
    assert.ok(peak >= least - 1e-9 && peak <= most + 1e-9, `peak ÷ mean ${peak}`);
  });
}

test("pattern: what cannot be is refused", () => {
  const random = seededRandom(1);
  assert.throws(() => patternTrace("ramp", { meanRps: 0, durationSeconds: 60, random }), BadInputError);
  assert.throws(() => patternTrace("ramp", { meanRps: 1, durationSeconds: 10, random }), BadInputError);
});

for (const profile of Object.values(PROFILES)) {
  test(`workload: rates for ${profile.name} need as many replicas as they are made for`, () => {
    for (const replicas of [1, 5, 20])
      assert.equal(neededReplicas(profile, rpsFor(profile, replicas) * 0.999), replicas);
    for (const workload of [patternWorkload(), syntheticWorkload({ meanReplicas: [4, 4], kind: "continuous" })]) {
      const schedule = workload({ random: seededRandom(3), profile, seconds: 1800 });
      assert.ok(schedule.durationSeconds >= 1800 && schedule.offsetSeconds.length > 10);
      assert.deepEqual(workload({ random: seededRandom(3), profile, seconds: 1800 }), schedule);
    }
  });
}
