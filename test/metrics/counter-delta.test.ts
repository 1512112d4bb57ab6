import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { counterDelta } from "#shared/metrics/counter-delta.ts";
import { Series } from "#shared/metrics/series.ts";
import { seriesId } from "#shared/metrics/series-id.ts";

function seriesOf(entries: readonly (readonly [number, number | "vanished" | "unreachable", "rebased"?])[]): Series {
  const series = new Series(seriesId("c"), { retentionMs: 1e9, maxSamples: 4096 });
  for (const [atMs, value, mark] of entries) {
    if (typeof value === "number") series.push(atMs, value, mark);
    else series.push(atMs, NaN, value);
  }
  return series;
}

for (const { name, entries, want } of [
  {
    name: "difference of the edges",
    entries: [
      [10, 5],
      [15, 7],
      [20, 9],
    ],
    want: 4,
  },
  {
    name: "the newest entry before an edge stands for it",
    entries: [
      [8, 5],
      [19, 9],
      [25, 100],
    ],
    want: 4,
  },
  {
    name: "a series born inside counts from zero",
    entries: [
      [15, 3],
      [20, 4],
    ],
    want: 4,
  },
  {
    name: "a reset inside loses nothing",
    entries: [
      [10, 100],
      [15, 110],
      [18, 2],
      [20, 5],
    ],
    want: 15,
  },
  {
    name: "a return after vanishing counts from zero",
    entries: [
      [10, 5],
      [12, "vanished"],
      [20, 9],
    ],
    want: 9,
  },
  {
    name: "vanished before the window",
    entries: [
      [5, 5],
      [8, "vanished"],
      [20, 9],
    ],
    want: 9,
  },
  {
    name: "an outage proves nothing",
    entries: [
      [10, 5],
      [12, "unreachable"],
      [20, 9],
    ],
    want: 4,
  },
  {
    name: "an outage at the edge",
    entries: [
      [8, 5],
      [10, "unreachable"],
      [20, 9],
    ],
    want: 4,
  },
  {
    name: "over a new base nobody can tell",
    entries: [
      [10, 1_000_400],
      [12, "unreachable"],
      [18, 1_000_020, "rebased"],
      [20, 1_000_030],
    ],
    want: "unknown",
  },
  {
    name: "a new base at the beginning is where it counts from",
    entries: [
      [8, 1_000_400],
      [10, 1_000_020, "rebased"],
      [20, 1_000_030],
    ],
    want: 10,
  },
  { name: "no entry inside: nothing gained", entries: [[9, 5]], want: 0 },
  { name: "no entry up to the end: unknown", entries: [[30, 5]], want: null },
] satisfies {
  name: string;
  entries: [number, number | "vanished" | "unreachable", "rebased"?][];
  want: number | null | "unknown";
}[]) {
  test(`counter delta: ${name}`, () => assert.equal(counterDelta(seriesOf(entries), 10, 20), want));
}

test("counter delta: windows laid end to end add up to the whole, through any resets", () => {
  const steps = fc.array(fc.record({ gain: fc.nat(20), resets: fc.boolean() }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 7 }), (list, stride) => {
      let value = 0;
      let whole = 0;
      const entries: [number, number][] = [[0, 0]];
      list.forEach(({ gain, resets }, i) => {
        // A restart that has already counted as much again cannot be seen; Prometheus cannot see it either.
        if (resets && gain < value) value = 0;
        value += gain;
        whole += gain;
        entries.push([i + 1, value]);
      });
      const series = seriesOf(entries);
      let sum = 0;
      for (let at = 0; at < list.length; at += stride)
        sum += Number(counterDelta(series, at, Math.min(at + stride, list.length)));
      assert.equal(sum, whole);
    }),
  );
});
