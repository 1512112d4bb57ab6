import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CollectorTime } from "#shared/events/collector-time.ts";

const tick = (atMs: number, { generation = "a", timeLapse = 1 } = {}) => ({ generation, atMs, timeLapse });
const window = (endedAtMs: number, { generation = "a", timeLapse = 1, windowSeconds = 30 } = {}) => ({
  generation,
  endedAtMs,
  timeLapse,
  windowSeconds,
});
const LIVE = { live: true };
const KEPT = { live: false };

/** A listener that received ticks every 2 s of trace time from 0 to `untilMs`, its monotonic clock `offsetMs` apart. */
function heardUntil(untilMs: number, { offsetMs = 5_000, timeLapse = 1 } = {}): CollectorTime {
  const time = new CollectorTime();
  for (let atMs = 0; atMs <= untilMs; atMs += 2_000) {
    assert.equal(time.onTick(tick(atMs, { timeLapse }), offsetMs + atMs / timeLapse), "in-time");
  }
  return time;
}

describe("the collector's time", () => {
  test("before anything was received nothing can be judged", () => {
    const time = new CollectorTime();
    assert.equal(time.judge(window(30_000), 0), "unknown");
    assert.equal(time.status(0).silentSeconds, null);
  });

  test("a window is late when it ended more than its own length ago, whatever the clocks say", () => {
    const time = heardUntil(60_000);
    assert.equal(time.judge(window(30_000), 65_000), "in-time");
    assert.equal(time.judge(window(30_000), 65_001), "late");
    assert.equal(time.judge(window(60_000), 95_000), "in-time");
  });

  test("in time-lapse trace time passes as much quicker", () => {
    const time = heardUntil(60_000, { timeLapse: 10 });
    assert.equal(time.judge(window(60_000, { timeLapse: 10 }), 5_000 + 6_000 + 3_000), "in-time");
    assert.equal(time.judge(window(60_000, { timeLapse: 10 }), 5_000 + 6_000 + 3_001), "late");
  });

  test("an event that was slow on its way does not set the time back", () => {
    const time = heardUntil(60_000);
    assert.equal(time.onTick(tick(62_000), 5_000 + 71_000), "in-time");
    assert.equal(time.status(5_000 + 71_000).traceMs, 71_000);
  });

  test("clocks that drift apart are followed: no instant counts for ever", () => {
    const time = new CollectorTime();
    let monotonicMs = 0;
    for (let atMs = 0; atMs <= 86_400_000; atMs += 2_000, monotonicMs += 2_001) {
      assert.equal(time.onTick(tick(atMs), monotonicMs), "in-time");
    }
    assert.equal(time.judge(window(86_400_000), monotonicMs), "in-time");
  });

  test("a new generation is followed at once, back or forward; the one before is late from then on", () => {
    for (const startsAtMs of [1_000, 3_600_000_000]) {
      const time = heardUntil(120_000);
      assert.equal(time.onTick(tick(startsAtMs, { generation: "b" }), 126_000), "in-time");
      assert.equal(time.number, 2);
      assert.equal(time.judge(window(startsAtMs, { generation: "b" }), 127_000), "in-time");
      assert.equal(time.judge(window(120_000), 127_000), "late");
      assert.equal(time.onTick(tick(122_000), 127_000), "late");
      assert.equal(time.status(127_000).generation, "b");
    }
  });

  test("a generation kept from before does not displace the one that is alive", () => {
    const time = heardUntil(120_000);
    assert.equal(time.onWindow(window(90_000, { generation: "before" }), 125_000, KEPT), "late");
    assert.equal(time.status(125_000).generation, "a");
    assert.equal(time.judge(window(120_000), 126_000), "in-time");
  });

  test("of two collectors that both tick the newer is followed, and the older again when the newer falls silent", () => {
    const time = heardUntil(60_000);
    time.onTick(tick(61_000, { generation: "b" }), 66_000);
    for (let ms = 62_000; ms <= 90_000; ms += 2_000) assert.equal(time.onTick(tick(ms), ms + 5_000), "late");
    assert.equal(time.onTick(tick(96_000), 101_000), "in-time");
    assert.equal(time.status(101_000).generation, "a");
    assert.equal(time.number, 3);
  });

  test("an instant far ahead is refused and moves nothing, however often it is said", () => {
    const time = heardUntil(60_000);
    for (let times = 0; times < 100; times++) {
      assert.equal(time.onWindow(window(8e15), 66_000, LIVE), "refused");
      assert.equal(time.onTick(tick(8e15), 66_000), "refused");
      assert.equal(time.judge(window(8e15), 66_000), "refused");
    }
    assert.equal(time.onWindow(window(60_000), 66_000, LIVE), "in-time");
    assert.equal(time.status(66_000).refused, 200);
    assert.match(time.status(66_000).lastRefusal!, /^dated 7999999999939 s ahead of the collector's time$/);
  });

  test("one that came first, before anything could contradict it, deafens for one window", () => {
    const time = new CollectorTime();
    time.onTick(tick(8e15), 0);
    const standings: string[] = [];
    for (let atMs = 2_000; atMs <= 40_000; atMs += 2_000) standings.push(time.onTick(tick(atMs), atMs));
    assert.equal(standings.indexOf("in-time"), 15);
    assert.deepEqual([...new Set(standings.slice(15))], ["in-time"]);
  });

  test("another time-lapse within a generation is refused", () => {
    const time = heardUntil(60_000);
    assert.equal(time.onTick(tick(60_000, { timeLapse: 100_000 }), 66_000), "refused");
    assert.match(time.status(66_000).lastRefusal!, /in time-lapse 100000, where the collector's is 1/);
  });

  test("who hands a window on without its generation is judged by the instant", () => {
    const time = heardUntil(60_000);
    assert.equal(time.judge(window(60_000, { generation: "" }), 66_000), "in-time");
    assert.equal(time.judge(window(20_000, { generation: "" }), 66_000), "late");
  });

  test("nobody makes a window young by calling it long", () => {
    const time = heardUntil(60_000);
    assert.equal(time.judge(window(20_000, { windowSeconds: 1e9 }), 66_000), "late");
  });

  test("events from before there were generations are followed like any", () => {
    const time = new CollectorTime();
    for (let atMs = 0; atMs <= 60_000; atMs += 2_000) time.onTick(tick(atMs, { generation: "" }), atMs);
    assert.equal(time.judge(window(60_000, { generation: "" }), 61_000), "in-time");
    // Their clock was set back: they are followed again after a window.
    const heard = [];
    for (let atMs = 0; atMs <= 40_000; atMs += 2_000) {
      heard.push(time.onTick(tick(atMs, { generation: "" }), 62_000 + atMs));
    }
    assert.equal(heard.at(-1), "in-time");
  });
});
