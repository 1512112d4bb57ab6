/** What the recording cannot show: look-back without stale marks, edges, and the quantile's own rules. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { histogramQuantile } from "#shared/metrics/histogram-quantile.ts";
import { increase, instant, rate } from "#shared/metrics/promql.ts";
import { Series } from "#shared/metrics/series.ts";
import { seriesId } from "#shared/metrics/series-id.ts";

function seriesOf(samples: readonly (readonly [seconds: number, value: number])[]): Series {
  const series = new Series(seriesId("c"), { retentionMs: 1e9, maxSamples: 4096 });
  for (const [seconds, value] of samples) series.push(seconds * 1000, value);
  return series;
}

for (const { name, atSeconds, lookBackMs, want } of [
  { name: "on the sample", atSeconds: 100, lookBackMs: 300_000, want: 7 },
  { name: "five minutes later", atSeconds: 400, lookBackMs: 300_000, want: 7 },
  { name: "a little more than five minutes later", atSeconds: 400.001, lookBackMs: 300_000, want: null },
  { name: "with a shorter look-back", atSeconds: 111, lookBackMs: 10_000, want: null },
  { name: "before the first sample", atSeconds: 99, lookBackMs: 300_000, want: null },
]) {
  test(`promql: instant value ${name}`, () =>
    assert.equal(instant(seriesOf([[100, 7]]), atSeconds * 1000, lookBackMs), want));
}

// The documentation's own picture: 4 samples 5 s apart in a 20-s range, so 15 s seen stand for 20.
test("promql: increase is stretched to both edges when they are near", () => {
  const series = seriesOf([
    [2, 100],
    [7, 110],
    [12, 120],
    [17, 130],
  ]);
  assert.equal(increase(series, 20_000, 20_000), 40);
  assert.equal(rate(series, 20_000, 20_000), 2);
});

test("promql: far from an edge, half an interval is added", () => {
  assert.equal(
    increase(
      seriesOf([
        [10, 100],
        [15, 110],
      ]),
      40_000,
      40_000,
    ),
    20,
  );
});

test("promql: a counter is not stretched back beyond its zero", () => {
  // It grew 10 a second from 1 at 2 s: zero stood at 1.9 s. The last sample lies 2 s before the end: all of it is added.
  assert.ok(
    Math.abs(
      increase(
        seriesOf([
          [2, 1],
          [4, 21],
        ]),
        6_000,
        6_000,
      )! - 41,
    ) < 1e-12,
  );
});

test("promql: one sample has no rate", () => {
  const one = seriesOf([[10, 1]]);
  for (const of of [rate, increase]) assert.equal(of(one, 12_000, 5_000), null);
});

const bounds = (...counts: number[]) => counts.map((count, i) => ({ upperBound: [0.1, 0.5, 1, Infinity][i]!, count }));
for (const { name, q, buckets, want } of [
  { name: "is linear inside the bucket", q: 0.5, buckets: bounds(0, 10, 10, 10), want: 0.3 },
  { name: "starts the first bucket at zero", q: 0.5, buckets: bounds(10, 10, 10, 10), want: 0.05 },
  { name: "beyond the last bound answers that bound", q: 0.95, buckets: bounds(0, 0, 5, 10), want: 1 },
  { name: "of nothing is NaN", q: 0.95, buckets: bounds(0, 0, 0, 0), want: NaN },
  { name: "without +Inf is NaN", q: 0.5, buckets: bounds(1, 2, 3), want: NaN },
  { name: "of no bucket is NaN", q: 0.5, buckets: [], want: NaN },
  { name: "below 0", q: -1, buckets: bounds(1, 2, 3, 4), want: -Infinity },
  { name: "above 1", q: 2, buckets: bounds(1, 2, 3, 4), want: Infinity },
  { name: "lifts counts that fall", q: 0.5, buckets: bounds(0, 10, 8, 10), want: 0.3 },
  {
    name: "adds buckets of one bound, in any order",
    q: 0.5,
    buckets: [...bounds(0, 5, 5, 5), ...bounds(0, 5, 5, 5)].reverse(),
    want: 0.3,
  },
]) {
  test(`promql: histogram_quantile ${name}`, () => {
    const value = histogramQuantile(q, buckets);
    assert.ok(Object.is(value, want) || Math.abs(value - want) < 1e-12, `${value}`);
  });
}
