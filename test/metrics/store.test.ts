import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { parseExposition } from "#shared/metrics/exposition.ts";
import { Series } from "#shared/metrics/series.ts";
import { seriesId } from "#shared/metrics/series-id.ts";
import { SampleStore } from "#shared/metrics/store.ts";

const samples = parseExposition;
const entries = (series: Series | undefined) =>
  series === undefined
    ? []
    : Array.from({ length: series.length }, (_, i) => [
        series.timeMs(i),
        series.isSample(i) ? series.value(i) : series.mark(i),
      ]);

test("store: a series that vanishes from a scrape is marked, once, and comes back", () => {
  const store = new SampleStore();
  store.append("s", 1000, samples("a 1\nb 1"));
  store.append("s", 2000, samples("a 2"));
  store.append("s", 3000, samples("a 3"));
  store.append("s", 4000, samples("a 4\nb 5"));
  assert.deepEqual(entries(store.select("b")[0]), [
    [1000, 1],
    [2000, "vanished"],
    [4000, 5],
  ]);
  assert.deepEqual(entries(store.select("a")[0]), [
    [1000, 1],
    [2000, 2],
    [3000, 3],
    [4000, 4],
  ]);
});

test("store: a source that does not answer marks its own series only", () => {
  const store = new SampleStore();
  store.append("s", 1000, samples("a 1"));
  store.append("t", 1000, samples("b 1"));
  store.appendFailure("s", 2000);
  store.appendFailure("s", 3000);
  assert.deepEqual(entries(store.select("a")[0]), [
    [1000, 1],
    [2000, "unreachable"],
    [3000, "unreachable"],
  ]);
  assert.deepEqual(entries(store.select("b")[0]), [[1000, 1]]);
  assert.deepEqual(entries(store.scrapes("s")), [
    [1000, 1],
    [2000, 0],
    [3000, 0],
  ]);
  assert.equal(store.scrapes("u"), undefined);
});

test("store: selects by any label", () => {
  const store = new SampleStore();
  store.append("s", 1, samples('x{f="a",code="200"} 1\nx{f="a",code="500"} 2\nx{f="b",code="200"} 3\ny 4'));
  assert.deepEqual(
    store.select("x", "f", "a").map((s) => s.value(0)),
    [1, 2],
  );
  assert.deepEqual(
    store.select("x", "code", "200").map((s) => s.value(0)),
    [1, 3],
  );
  assert.equal(store.select("x").length, 3);
  assert.deepEqual(store.select("x", "f", "c"), []);
  assert.deepEqual(store.select("z"), []);
});

test("store: a scrape that is not newer is counted and not taken", () => {
  const store = new SampleStore();
  store.append("s", 1000, samples("a 1"));
  store.append("s", 1000, samples("a 2"));
  store.append("s", 900, samples("a 3"));
  assert.deepEqual(entries(store.select("a")[0]), [[1000, 1]]);
  assert.equal(store.outOfOrder, 2);
});

test("store: stays bounded while replicas come and go", () => {
  const store = new SampleStore({ retentionMs: 10_000, maxSamples: 50 });
  for (let i = 0; i < 2000; i++) store.append("s", i * 100, samples(`cpu{pod="p${i >> 3}"} ${i}\nsteady ${i}`));
  assert.ok(store.size < 50, `${store.size} series`);
  assert.equal(store.select("steady")[0]!.length, 50);
  assert.ok(store.select("cpu").length < 50);
  assert.deepEqual(store.select("cpu", "pod", "p0"), []);
});

test("store: a series made and not yet filled is not forgotten", () => {
  const store = new SampleStore({ retentionMs: 1000 });
  const made = store.series(seriesId("late"))!;
  for (let ms = 1; ms < 5000; ms += 100) store.append("s", ms, samples("a 1"));
  made.push(5000, 7);
  assert.equal(store.select("late")[0], made);
});

test("store: more series than allowed are refused and told, and what they are about is known to be more", () => {
  const store = new SampleStore({ maxSeries: 2 });
  const { refused } = store.append("s", 1, samples('a 1\nb 1\nc{f="x",code="200"} 1'));
  assert.deepEqual(
    refused.map(({ name }) => name),
    ["c"],
  );
  assert.equal(store.size, 2);
  assert.equal(store.isRefused("c", "f", "x", 1), true);
  assert.equal(store.isRefused("c", "f", "x", 2), false, "it was before");
  assert.equal(store.isRefused("c", "f", "y", 1), false);
});

test("store: what was refused is counted from its first sample on, not from zero", () => {
  const store = new SampleStore({ maxSeries: 1, retentionMs: 1_000 });
  store.append("s", 1, samples("a 1\nc 500"));
  for (let ms = 501; ms < 4_000; ms += 500) store.append("s", ms, samples("c 500"));
  const [series] = store.select("c");
  assert.deepEqual([series!.mark(0), series!.value(0)], ["rebased", 500]);
  assert.equal(series!.mark(1), "sample");
});

test("store: stays bounded while what it refuses comes and goes", () => {
  const store = new SampleStore({ maxSeries: 2 });
  for (let ms = 1; ms <= 5; ms++) store.append("s", ms, samples(`a 1\nb 1\nc{f="${ms}"} 1`));
  // More than it can tell apart: each may be one of them.
  assert.equal(store.isRefused("c", "f", "1", 1), true);
  assert.equal(store.isRefused("d", "f", "never there", 5), true);
});

test("series: the ring holds what a list would hold, and finds what a scan would find", () => {
  const step = fc.record({ gapMs: fc.integer({ min: 0, max: 400 }), value: fc.integer() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 9999 }),
      (steps, maxSamples, askMs) => {
        const series = new Series(seriesId("x"), { retentionMs: 2000, maxSamples });
        let list: { atMs: number; value: number }[] = [];
        let nowMs = 0;
        for (const { gapMs, value } of steps) {
          nowMs += gapMs;
          const isNewer = list.length === 0 || nowMs > list[list.length - 1]!.atMs;
          assert.equal(series.push(nowMs, value), isNewer);
          if (isNewer)
            list = [...list.filter(({ atMs }) => atMs >= nowMs - 2000), { atMs: nowMs, value }].slice(-maxSamples);
        }
        assert.deepEqual(
          entries(series),
          list.map(({ atMs, value }) => [atMs, value]),
        );
        assert.equal(
          series.indexAt(askMs),
          list.findLastIndex(({ atMs }) => atMs <= askMs),
        );
      },
    ),
  );
});
