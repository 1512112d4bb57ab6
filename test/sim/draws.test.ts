import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { overdispersed, pareto } from "#shared/sim/workloads/draws.ts";

function moments(values: ArrayLike<number>) {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const mean = sum / values.length;
  return { mean, variance: squares / values.length - mean * mean };
}

test("draws: their means and spreads are those of their laws", () => {
  const random = seededRandom(8);
  const draw = (of: () => number) => moments(Float64Array.from({ length: 100_000 }, of));
  const counts = draw(() => overdispersed(random, 4, 10));
  assert.ok(Math.abs(counts.mean - 4) < 0.1 && Math.abs(counts.variance / counts.mean - 10) < 0.5);
  const plain = draw(() => overdispersed(random, 4, 1));
  assert.ok(Math.abs(plain.variance / plain.mean - 1) < 0.03);
  const heights = Float64Array.from({ length: 1000 }, () => pareto(random, 1.5, 2, 30));
  assert.ok(heights.every((height) => height >= 2 && height <= 30) && heights.includes(30));
});
