/** Medians, errors, rankings and laws by tables with known answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { seededRandom } from "#shared/core/random.ts";
import { kendallTau } from "#shared/sim/calibration/kendall.ts";
import { fitLogNormal, logNormalCdf } from "#shared/sim/calibration/log-normal.ts";
import { median, medianAbsoluteError, medianRelativeError, quantile } from "#shared/sim/calibration/statistics.ts";

for (const { name, values, share, want } of [
  { name: "nothing has no quantile", values: [], share: 0.5, want: null },
  { name: "one value is every quantile", values: [7], share: 0.95, want: 7 },
  { name: "an even count lies between its middle two", values: [4, 1, 3, 2], share: 0.5, want: 2.5 },
  { name: "between neighbours it is interpolated", values: [10, 20, 30, 40, 50], share: 0.9, want: 46 },
  { name: "the ends are the extremes", values: [3, 1, 2], share: 1, want: 3 },
]) {
  test(`quantile: ${name}`, () => assert.equal(quantile(values, share), want));
}

const pair = (measured: number | null, modelled: number | null) => ({ measured, modelled });

for (const { name, pairs, absolute, relative } of [
  { name: "no pairs, no error", pairs: [], absolute: null, relative: null },
  {
    name: "what is missing on one side is no pair",
    pairs: [pair(null, 1), pair(2, null)],
    absolute: null,
    relative: null,
  },
  { name: "the middle error counts", pairs: [pair(10, 11), pair(10, 14), pair(10, 2)], absolute: 4, relative: 0.4 },
  { name: "relative to what was measured", pairs: [pair(4, 5)], absolute: 1, relative: 0.25 },
  { name: "nothing relative to nothing", pairs: [pair(0, 3), pair(10, 15)], absolute: 4, relative: 0.5 },
  { name: "two zeros agree", pairs: [pair(0, 0)], absolute: 0, relative: 0 },
]) {
  test(`median error: ${name}`, () => {
    assert.equal(medianAbsoluteError(pairs), absolute);
    assert.equal(medianRelativeError(pairs), relative);
  });
}

for (const { name, a, b, want } of [
  { name: "same order", a: [1, 2, 3, 4, 5], b: [10, 20, 30, 40, 50], want: 1 },
  { name: "reversed", a: [1, 2, 3], b: [3, 2, 1], want: -1 },
  { name: "one neighbouring pair of five swapped: 9 of 10 agree", a: [1, 2, 3, 4, 5], b: [1, 2, 3, 5, 4], want: 0.8 },
  { name: "two swapped", a: [1, 2, 3, 4, 5], b: [2, 1, 3, 5, 4], want: 0.6 },
  // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])
  { name: "ties on both sides", a: [12, 2, 1, 12, 2], b: [1, 4, 7, 1, 0], want: -0.471_404_520_791_031_7 },
  { name: "all alike has no order", a: [1, 1, 1], b: [1, 2, 3], want: null },
  { name: "one thing has no order", a: [1], b: [1], want: null },
]) {
  test(`Kendall τ: ${name}`, () => {
    const tau = kendallTau(a, b);
    if (want === null) assert.equal(tau, null);
    else assert.ok(Math.abs(tau! - want) < 1e-12, `${tau} is not ${want}`);
  });
}

test("Kendall τ does not depend on who is first, nor on the scale", () => {
  const scores = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { minLength: 2 });
  fc.assert(
    fc.property(scores, (pairs) => {
      const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
      const tau = kendallTau(a, b);
      assert.equal(kendallTau(b, a), tau);
      assert.equal(
        kendallTau(
          a.map((x) => 3 * x - 7),
          b,
        ),
        tau,
      );
      assert.ok(tau === null || Math.abs(tau) <= 1 + 1e-12);
    }),
  );
});

test("a log-normal law is found again in its own draws", () => {
  const random = seededRandom("log-normal");
  const values = Array.from({ length: 4_000 }, () => 2.5 * Math.exp(0.35 * random.normal()));
  const fit = fitLogNormal(values)!;
  assert.ok(Math.abs(fit.median - 2.5) < 0.05, `median ${fit.median}`);
  assert.ok(Math.abs(fit.sigma - 0.35) < 0.02, `sigma ${fit.sigma}`);
  assert.equal(fit.floor, Math.min(...values));
  assert.ok(fit.ksDistance < 0.03, `KS ${fit.ksDistance}`);
});

test("a law that is not log-normal lies far from its values", () => {
  const half = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 1 : 10));
  assert.ok(fitLogNormal(half)!.ksDistance > 0.2);
});

test("a log-normal law of little", () => {
  assert.equal(fitLogNormal([]), null);
  assert.equal(fitLogNormal([0, -1, NaN]), null);
  const one = fitLogNormal([3])!;
  assert.ok(Math.abs(one.median - 3) < 1e-12);
  assert.equal(one.sigma, 0);
});

test("the law's distribution function: half at the median, nothing below the floor", () => {
  const law = { median: 2, sigma: 0.5, floor: 1 };
  assert.ok(Math.abs(logNormalCdf(2, law) - 0.5) < 1e-7);
  // Φ(1.959964) = 0.975
  assert.ok(Math.abs(logNormalCdf(2 * Math.exp(0.5 * 1.959_964), law) - 0.975) < 1e-6);
  assert.equal(logNormalCdf(0.99, law), 0);
  assert.ok(logNormalCdf(1, law) > 0);
});

test("the median of an even count", () => assert.equal(median([1, 2]), 1.5));
