/** Rate, P95 and history of one function, reading by reading. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FunctionMeter } from "#services/local-openfaas/gateway/metrics/meter.ts";
import type { FunctionSnapshot } from "#services/local-openfaas/provider/types.ts";
import { FunctionTrack, HISTORY_READINGS } from "#services/local-openfaas/ui/function-track.ts";

const snapshot = { desiredReplicas: 3, availableReplicas: 2 } as FunctionSnapshot;

/** One reading each second; before it, `calls` invocations of `seconds` begin and end. */
function readings(calls: readonly number[], seconds = 0.2) {
  const track = new FunctionTrack();
  const meter = new FunctionMeter();
  const read = calls.map((count, second) => {
    for (let i = 0; i < count; i++) {
      meter.begin();
      meter.end(i % 2 ? 500 : 200, seconds);
    }
    return track.read(second * 1_000, meter, snapshot);
  });
  return { track, read };
}

test("track: the first reading has no rate, because there is nothing to compare with", () => {
  const { read } = readings([5]);
  assert.equal(read[0]!.ratePerSecond, null);
  assert.equal(read[0]!.p95Seconds, null);
  assert.deepEqual([read[0]!.desiredReplicas, read[0]!.availableReplicas], [3, 2]);
});

test("track: the rate is of the last 10 s, and of less while there is less", () => {
  const { read } = readings([0, 30, ...Array<number>(9).fill(0), 7]);
  assert.equal(read[1]!.ratePerSecond, 30);
  assert.equal(read[3]!.ratePerSecond, 10);
  assert.equal(read[10]!.ratePerSecond, 3);
  assert.equal(read[11]!.ratePerSecond, 0.7);
});

test("track: P95 is of the last 30 s over all codes, and null when none ended in them", () => {
  const { read } = readings([0, 20, ...Array<number>(30).fill(0)]);
  // All 20 are in the bucket (0.1, 0.25]: rank 19 of 20 lies 95 % of the way through it.
  assert.ok(Math.abs(read[1]!.p95Seconds! - (0.1 + 0.15 * 0.95)) < 1e-9);
  assert.equal(read[30]!.p95Seconds, read[1]!.p95Seconds);
  assert.equal(read[31]!.p95Seconds, null);
});

test("track: what took longer than the last bound is 10 s, no more is known", () => {
  assert.equal(readings([0, 4], 25).read[1]!.p95Seconds, 10);
});

test("track: no meter means no invocation yet", () => {
  const track = new FunctionTrack();
  track.read(0, undefined, snapshot);
  const reading = track.read(1_000, undefined, snapshot);
  assert.deepEqual([reading.ratePerSecond, reading.p95Seconds, reading.inFlight], [0, null, 0]);
});

test("track: the history keeps a quarter of an hour, oldest first", () => {
  const { track } = readings(Array<number>(HISTORY_READINGS + 5).fill(1));
  const history = track.history();
  for (const column of Object.values(history)) assert.equal(column.length, HISTORY_READINGS);
  assert.equal(history.atMs[0], 5_000);
  assert.equal(history.ratePerSecond.at(-1), 1);
  assert.deepEqual(track.recentRates(3), [1, 1, 1]);
});

test("track: a clock that was set back begins anew", () => {
  const track = new FunctionTrack();
  for (const atMs of [10_000, 11_000, 4_000, 5_000]) track.read(atMs, undefined, snapshot);
  assert.deepEqual(track.history().atMs, [4_000, 5_000]);
  assert.deepEqual(track.history().ratePerSecond, [null, 0]);
});
