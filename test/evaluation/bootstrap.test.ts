import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { seededRandom, type Random } from "#shared/core/random.ts";
import { bootstrapMean } from "#shared/evaluation/bootstrap.ts";

/** Draws the given indices, one after the other. */
function drawing(indices: readonly number[]): Random {
  let next = 0;
  return { ...seededRandom(1), integer: () => indices[next++]! };
}

test("bootstrap: by hand, four resamples of three values", () => {
  // Means: (1+1+1)/3 = 1, (1+2+6)/3 = 3, (6+6+6)/3 = 6, (2+2+2)/3 = 2; sorted 1, 2, 3, 6.
  const random = drawing([0, 0, 0, 0, 1, 2, 2, 2, 2, 1, 1, 1]);
  // Half of the means are inside: the tails are a quarter each, ranks 1 and 3 of 4.
  assert.deepEqual(bootstrapMean([1, 2, 6], random, { resamples: 4, confidence: 0.5 }), { mean: 3, lo: 1, hi: 3 });
});

test("bootstrap: of two values a quarter of the resamples is all the one, a quarter all the other", () => {
  assert.deepEqual(bootstrapMean([0, 1], seededRandom(3)), { mean: 0.5, lo: 0, hi: 1 });
});

test("bootstrap: equal values, one value, no value", () => {
  assert.deepEqual(bootstrapMean([0.1, 0.1, 0.1], seededRandom(1)), {
    mean: (0.1 + 0.1 + 0.1) / 3,
    lo: (0.1 + 0.1 + 0.1) / 3,
    hi: (0.1 + 0.1 + 0.1) / 3,
  });
  assert.deepEqual(bootstrapMean([7], seededRandom(1)), { mean: 7, lo: 7, hi: 7 });
  assert.equal(bootstrapMean([], seededRandom(1)), null);
});

test("bootstrap: of normal values it covers the mean nearly as often as it says", () => {
  const random = seededRandom(11);
  let covered = 0;
  for (let trial = 0; trial < 400; trial++) {
    const values = Array.from({ length: 30 }, () => random.normal());
    const { lo, hi } = bootstrapMean(values, random.fork(`${trial}`), { resamples: 400 })!;
    if (lo <= 0 && hi >= 0) covered++;
  }
  // 95 % less the known optimism of the percentile method at n = 30.
  assert.ok(covered / 400 > 0.9 && covered / 400 < 0.98, `${covered / 400}`);
});

test("bootstrap: the same seed gives the same interval, around the mean and inside the values", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 }),
      (values) => {
        const [one, two] = [1, 2].map(() => bootstrapMean(values, seededRandom("s"), { resamples: 200 })!);
        assert.deepEqual(one, two);
        const slack = 1e-6;
        assert.ok(one!.lo >= Math.min(...values) - slack && one!.hi <= Math.max(...values) + slack);
        assert.ok(one!.lo <= one!.hi);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});
