/** How a bin's arrivals are spread over its seconds: the count exactly, the clumps as the law says. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { DEFAULT_SPREAD, spreadBy, type SpreadLaw } from "#shared/traces/spread.ts";

/** Counts of the seconds of many minutes of equal counts, one after the other. */
function minutesOf(law: SpreadLaw, count: number, minutes: number): number[] {
  const spread = spreadBy(law, seededRandom("spread"));
  return Array.from({ length: minutes }, (_, i) => [...spread(60 * i, 60, count)]).flat();
}

/** Variance ÷ mean of counts of `seconds` seconds each. */
function dispersion(counts: readonly number[], seconds: number): number {
  const sums = Array.from({ length: Math.floor(counts.length / seconds) }, (_, i) =>
    counts.slice(i * seconds, (i + 1) * seconds).reduce((a, b) => a + b, 0),
  );
  const mean = sums.reduce((a, b) => a + b, 0) / sums.length;
  return sums.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sums.length / mean;
}

test("every bin keeps its count, whatever the law and however wide it is", () => {
  const random = seededRandom(1);
  for (const deviation of [0, 0.5, 2]) {
    const spread = spreadBy({ deviation, correlationSeconds: 5 }, random.fork(`${deviation}`));
    for (const [at, seconds, count] of [
      [0, 60, 0],
      [60, 60, 1],
      [120, 30, 500],
      [300, 2, 7],
      [302, 1, 9],
    ] as const) {
      const counts = spread(at, seconds, count);
      assert.equal(counts.length, seconds);
      assert.equal(
        counts.reduce((a, b) => a + b, 0),
        count,
      );
    }
  }
});

test("without deviation it is a Poisson process given its counts", () => {
  // A multinomial over 60 seconds: a second's variance ÷ mean is 1 − 1/60.
  const counts = minutesOf({ deviation: 0, correlationSeconds: 8 }, 120, 2000);
  assert.ok(Math.abs(dispersion(counts, 1) - 59 / 60) < 0.02, `${dispersion(counts, 1)}`);
});

test("with deviation it comes in clumps: more so with more deviation, and more arrivals", () => {
  // Far from the ends of a bin a Cox process has 1 + mean · (e^σ² − 1); that the bin's count is fixed takes a little of it.
  for (const { deviation, count } of [
    { deviation: 0.5, count: 60 },
    { deviation: 0.5, count: 600 },
    { deviation: 1, count: 120 },
  ]) {
    const counts = minutesOf({ deviation, correlationSeconds: 3 }, count, 3000);
    const free = 1 + (count / 60) * (Math.exp(deviation ** 2) - 1);
    const found = dispersion(counts, 1);
    assert.ok(found > 1 + 0.6 * (free - 1) && found < 1.1 * free, `σ ${deviation}, ${count}: ${found}, free ${free}`);
  }
});

test("clumps last: over ten seconds the counts are more dispersed than over one, and neighbours are alike", () => {
  const counts = minutesOf(DEFAULT_SPREAD, 120, 3000);
  assert.ok(dispersion(counts, 10) > 1.5 * dispersion(counts, 1));
  const mean = 2;
  let [lagged, squares] = [0, 0];
  for (let i = 1; i < counts.length; i++) {
    lagged += (counts[i]! - mean) * (counts[i - 1]! - mean);
    squares += (counts[i]! - mean) ** 2;
  }
  assert.ok(lagged / squares > 0.1, `${lagged / squares}`);
});

test("the rate goes on over the edge of two bins, and begins anew after bins left out", () => {
  const law = { deviation: 1, correlationSeconds: 20 };
  const many = 1_000_000;
  const shares = (counts: ArrayLike<number>) => {
    const all = Array.from(counts).reduce((a, b) => a + b, 0);
    return Array.from(counts, (count) => count / all);
  };
  const distance = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, share, i) => sum + Math.abs(share - b[i]!), 0) / 2;
  // Where the first bin draws no arrival, the wandering rate is all that comes before the second one.
  const second = (gapSeconds: number) => {
    const spread = spreadBy(law, seededRandom("edge"));
    spread(0, 60, 0);
    return shares(spread(60 + gapSeconds, 60, many));
  };
  const ofOneBin = shares(spreadBy(law, seededRandom("edge"))(0, 120, many).subarray(60));
  assert.ok(distance(second(0), ofOneBin) < 0.01, `${distance(second(0), ofOneBin)}`);
  assert.ok(distance(second(60), ofOneBin) > 0.1, `${distance(second(60), ofOneBin)}`);
});

test("same chance, same seconds", () => {
  const once = minutesOf(DEFAULT_SPREAD, 30, 20);
  assert.deepEqual(minutesOf(DEFAULT_SPREAD, 30, 20), once);
});
