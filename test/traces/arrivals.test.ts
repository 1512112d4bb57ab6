/** Arrivals keep the law they were asked to keep: Kolmogorov–Smirnov against it, and exact totals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { arrivalsInBin, HYPER_EXPONENTIAL_CV, scaleInstants } from "#shared/traces/arrivals.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { planSchedule, windowsOf } from "#shared/traces/schedule.ts";
import { type BinnedTrace, boostCounts, GAP_RULES, type InstantTrace } from "#shared/traces/trace.ts";

/** Largest distance between the sample's and the law's distribution functions, times √n; above 1.95 has p ≈ 0.001. */
function kolmogorovSmirnov(sample: Float64Array, law: (x: number) => number): number {
  const sorted = sample.slice().sort();
  let largest = 0;
  sorted.forEach((x, i) => {
    const at = law(x);
    largest = Math.max(largest, Math.abs(at - i / sorted.length), Math.abs(at - (i + 1) / sorted.length));
  });
  return largest * Math.sqrt(sorted.length);
}

const KS_LIMIT = 1.95;
const gapsOf = (arrivals: Float64Array) => arrivals.subarray(1).map((at, i) => at - arrivals[i]!);
const exponentialLaw = (mean: number) => (x: number) => 1 - Math.exp(-x / mean);

function binned(counts: readonly number[], binSeconds = 30): BinnedTrace {
  return { kind: "binned", format: "counts-30s", name: "made", binSeconds, counts };
}

test("uniform: arrivals of a bin are uniform and their gaps exponential", () => {
  const arrivals = arrivalsInBin(5_000, "uniform", seededRandom(1));
  assert.equal(arrivals.length, 5_000);
  assert.ok(kolmogorovSmirnov(arrivals, (x) => x) < KS_LIMIT);
  assert.ok(kolmogorovSmirnov(gapsOf(arrivals), exponentialLaw(1 / 5_001)) < KS_LIMIT);
});

test("poisson: gaps are exponential at the bin's rate, and counts have variance = mean", () => {
  const arrivals = arrivalsInBin(5_000, "poisson", seededRandom(2));
  assert.ok(kolmogorovSmirnov(gapsOf(arrivals), exponentialLaw(1 / 5_000)) < KS_LIMIT);
  const counts = Array.from({ length: 4_000 }, (_, i) => arrivalsInBin(9, "poisson", seededRandom(i)).length);
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length;
  assert.ok(Math.abs(mean - 9) < 0.2, `mean ${mean}`);
  assert.ok(Math.abs(variance / mean - 1) < 0.1, `index of dispersion ${variance / mean}`);
});

test("hyper-exponential: gaps keep the two-phase law of CV 2", () => {
  const count = 20_000;
  const gaps = gapsOf(arrivalsInBin(count, "hyper-exponential", seededRandom(3)));
  const squared = HYPER_EXPONENTIAL_CV ** 2;
  const p = (1 + Math.sqrt((squared - 1) / (squared + 1))) / 2;
  // The bin is filled exactly, so gaps are measured in units of their own mean.
  const law = (x: number) => 1 - p * Math.exp(-2 * p * x * count) - (1 - p) * Math.exp(-2 * (1 - p) * x * count);
  assert.ok(kolmogorovSmirnov(gaps, law) < KS_LIMIT);
  assert.ok(kolmogorovSmirnov(gaps, exponentialLaw(1 / count)) > 5, "and are no exponential ones");
});

test("equidistant: gaps are alike, also over the border of two bins", () => {
  const { offsetSeconds } = planSchedule(binned([10, 10]), { seed: 1, gapRule: "equidistant" });
  for (const gap of gapsOf(offsetSeconds)) assert.ok(Math.abs(gap - 3) < 1e-9);
});

for (const gapRule of GAP_RULES.filter((rule) => rule !== "poisson")) {
  test(`${gapRule}: exactly the count of each bin, inside it, ascending`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 30 }), fc.nat(), (counts, seed) => {
        const { offsetSeconds, durationSeconds } = planSchedule(binned(counts), { seed, gapRule });
        const found = counts.map(() => 0);
        offsetSeconds.forEach((at, i) => {
          assert.ok(at >= (offsetSeconds[i - 1] ?? 0) && at < durationSeconds);
          found[Math.floor(at / 30)]!++;
        });
        assert.deepEqual(found, counts);
      }),
    );
  });
}

test("a fractional rate scale is right on the mean, and a whole one exactly", () => {
  const trace = binned(new Array<number>(4_000).fill(3));
  assert.equal(planSchedule(trace, { seed: 1, rateScale: 4 }).offsetSeconds.length, 48_000);
  const halfAgain = planSchedule(trace, { seed: 1, rateScale: 1.4 }).offsetSeconds.length;
  // 4 000 bins of 4.2 each: the standard deviation of the total is √(4 000 · 0.2 · 0.8) ≈ 25.
  assert.ok(Math.abs(halfAgain - 16_800) < 100, `${halfAgain}`);
  const thinned = planSchedule(trace, { seed: 1, rateScale: 0.1 }).offsetSeconds.length;
  assert.ok(Math.abs(thinned - 1_200) < 120, `${thinned}`);
});

test("a slice of a schedule is the schedule of the slice", () => {
  const trace = binned(Array.from({ length: 50 }, (_, i) => i % 13));
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1_490, noNaN: true }),
      fc.double({ min: 0.1, max: 2_000, noNaN: true }),
      fc.constantFrom(...GAP_RULES),
      (fromSeconds, durationSeconds, gapRule) => {
        const options = { seed: "slice", gapRule, rateScale: 1.3, workCv: 0.5 };
        const whole = planSchedule(trace, options);
        const slice = planSchedule(trace, { ...options, fromSeconds, durationSeconds });
        const inside = [...whole.offsetSeconds.keys()].filter(
          (i) => whole.offsetSeconds[i]! >= fromSeconds && whole.offsetSeconds[i]! < fromSeconds + durationSeconds,
        );
        assert.deepEqual(
          [...slice.offsetSeconds],
          inside.map((i) => whole.offsetSeconds[i]! - fromSeconds),
        );
        assert.deepEqual(
          [...slice.work],
          inside.map((i) => whole.work[i]!),
        );
        assert.ok(slice.durationSeconds <= durationSeconds && fromSeconds + slice.durationSeconds <= 1_500 + 1e-9);
      },
    ),
  );
});

function instants(arrivalSeconds: readonly number[], durationSeconds: number, work?: readonly number[]): InstantTrace {
  return { kind: "instants", format: "llm", name: "made", arrivalSeconds, durationSeconds, ...(work ? { work } : {}) };
}

test("recorded instants stay as they are at scale 1, with their work", () => {
  const trace = instants([0, 1.5, 1.5, 9], 10, [1, 2, 0.5, 0.5]);
  const schedule = planSchedule(trace, { seed: 1, workCv: 3 });
  assert.deepEqual([...schedule.offsetSeconds], [0, 1.5, 1.5, 9]);
  assert.deepEqual([...schedule.work], [1, 2, 0.5, 0.5]);
});

test("scaled instants: expected count, originals kept, ascending, each with the work of its row", () => {
  const recorded = Array.from({ length: 3_000 }, (_, i) => i * 0.5);
  const trace = instants(recorded, 1_500);
  const { arrivalSeconds, row } = scaleInstants(trace, 2.25, seededRandom(5));
  assert.ok(Math.abs(arrivalSeconds.length - 6_750) < 120, `${arrivalSeconds.length}`);
  const kept = new Set(arrivalSeconds);
  assert.ok(recorded.every((at) => kept.has(at)));
  arrivalSeconds.forEach((at, i) => {
    assert.ok(at >= (arrivalSeconds[i - 1] ?? 0) && at < 1_500);
    const movedSeconds = Math.abs(at - recorded[row[i]!]!);
    assert.ok(Math.min(movedSeconds, 1_500 - movedSeconds) <= 0.5 + 1e-9);
  });
  const thinned = scaleInstants(trace, 0.2, seededRandom(5)).arrivalSeconds;
  assert.ok(Math.abs(thinned.length - 600) < 90, `${thinned.length}`);
});

test("drawn work has mean 1 and the CV that was asked for", () => {
  const { work } = planSchedule(binned([20_000]), { seed: 9, workCv: 0.5 });
  const mean = work.reduce((sum, w) => sum + w, 0) / work.length;
  const std = Math.sqrt(work.reduce((sum, w) => sum + (w - mean) ** 2, 0) / work.length);
  assert.ok(Math.abs(mean - 1) < 0.02, `mean ${mean}`);
  assert.ok(Math.abs(std / mean - 0.5) < 0.03, `cv ${std / mean}`);
});

test("another seed gives other arrivals; the number of windows counts a short last one", () => {
  const trace = binned([5, 5]);
  assert.notDeepEqual(planSchedule(trace, { seed: 1 }).offsetSeconds, planSchedule(trace, { seed: 2 }).offsetSeconds);
  assert.equal(windowsOf(planSchedule(trace, { seed: 1 })), 2);
  assert.equal(windowsOf(planSchedule(trace, { seed: 1, durationSeconds: 31 })), 2);
  assert.equal(planSchedule(binned([0, 0]), { seed: 1 }).offsetSeconds.length, 0);
});

for (const { name, options, want } of [
  { name: "rate scale 0", options: { rateScale: 0 }, want: "the rate scale must be a number above 0, was 0" },
  { name: "rate scale NaN", options: { rateScale: NaN }, want: "the rate scale must be a number above 0, was NaN" },
  {
    name: "start past the end",
    options: { fromSeconds: 60 },
    want: "the start must lie in the 60 s of trace 'made', was 60 s",
  },
  { name: "negative start", options: { fromSeconds: -1 }, want: "was -1 s" },
  { name: "no duration", options: { durationSeconds: 0 }, want: "the duration must be more than 0 s, was 0" },
  { name: "no window", options: { windowSeconds: 0 }, want: "a window must last more than 0 s, was 0" },
  { name: "negative spread", options: { workCv: -0.1 }, want: "the spread of the work must be" },
  { name: "too many requests", options: { rateScale: 1e9 }, want: "is more than 20000000 requests" },
]) {
  test(`bad schedule options: ${name}`, () => {
    assert.throws(
      () => planSchedule(binned([5, 5]), { seed: 1, ...options }),
      (thrown: unknown) => thrown instanceof BadInputError && thrown.message.includes(want),
    );
  });
}

test("boost: quiet bins are lifted, busy ones stay", () => {
  assert.deepEqual(boostCounts([0, 1, 2, 3, 7, 9, 10, 28]), [1, 2, 3, 4, 10, 13, 10, 28]);
});
