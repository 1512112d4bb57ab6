/** Which window a request counts for, and when a run has missed its schedule. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Schedule } from "#shared/traces/schedule.ts";
import { MAX_LATENESS_MS, WindowTally } from "#shared/load/window-tally.ts";

/** Windows of 1 s with `perWindow` requests each, evenly spaced; real time runs as fast. */
function tallyOf(
  windows: number,
  perWindow: number,
  sloSeconds: number | null = null,
): { tally: WindowTally; schedule: Schedule } {
  const count = windows * perWindow;
  const offsetSeconds = new Float64Array(count).map((_, i) => (i + 0.5) / perWindow);
  const schedule = { durationSeconds: windows, windowSeconds: 1, offsetSeconds, work: new Float32Array(count) };
  return { schedule, tally: new WindowTally(schedule, 1, sloSeconds) };
}

test("a request a little late counts for the window it was meant for, a late one where it was sent", () => {
  const { tally } = tallyOf(2, 2);
  tally.sent(0, 250);
  tally.sent(1, 750 + MAX_LATENESS_MS + 200.5);
  const first = tally.close(10_000);
  const second = tally.close(10_000);
  assert.deepEqual([first.sent, second.sent], [1, 1]);
  assert.deepEqual([first.latenessP99Ms, second.latenessP99Ms], [0, MAX_LATENESS_MS + 200.5]);
  assert.deepEqual([first.endedAtMs, second.endedAtMs], [11_000, 12_000]);
});

test("answers count where they ended, and what comes after the end counts for the last window", () => {
  const { tally } = tallyOf(2, 2);
  tally.ended(true, 0, { sentMs: 250, endMs: 1_250 });
  tally.ended(false, 1, { sentMs: 750, endMs: 9_750 });
  const first = tally.close(0);
  assert.deepEqual([first.ok, first.failed, first.p50Seconds], [0, 0, null]);
  const last = tally.close(0);
  assert.deepEqual([last.ok, last.failed, last.p50Seconds, last.p99Seconds], [1, 1, 1, 9]);
});

test("late answers are counted from both instants, window by window and in all; what failed is not among them", () => {
  const { tally } = tallyOf(2, 2, 1);
  tally.ended(true, 0, { sentMs: 250, endMs: 900 });
  tally.ended(true, 1, { sentMs: 1_000, endMs: 1_900 });
  tally.ended(false, 2, { sentMs: 1_250, endMs: 5_000 });
  tally.ended(true, 3, { sentMs: 1_750, endMs: 5_000 });
  assert.deepEqual(tally.close(0).late, { fromIntended: 0, fromSent: 0 });
  assert.deepEqual(tally.close(0).late, { fromIntended: 2, fromSent: 1 });
  assert.deepEqual(tally.late, { fromIntended: 2, fromSent: 1 });
  const without = tallyOf(1, 1).tally;
  without.ended(true, 0, { sentMs: 0, endMs: 5_000 });
  assert.deepEqual([without.late, without.close(0).late], [null, null]);
});

test("what is counted after a window was closed falls into the next one", () => {
  const { tally } = tallyOf(2, 2);
  tally.close(0);
  tally.sent(0, 260);
  assert.equal(tally.close(0).sent, 1);
});

for (const { name, windows, perWindow, missing, want } of [
  { name: "all sent", windows: 10, perWindow: 300, missing: [], want: null },
  { name: "1 % of a window may be missing", windows: 10, perWindow: 300, missing: [3], want: null },
  {
    name: "more may not",
    windows: 10,
    perWindow: 300,
    missing: [4],
    want: /in 1 of 10 windows \(window 0: 296 of 300\)/,
  },
  { name: "of a small window one request may", windows: 10, perWindow: 5, missing: [1], want: null },
  { name: "but not two", windows: 10, perWindow: 5, missing: [0, 2], want: /in 1 of 10 windows \(window 1: 3 of 5\)/ },
  { name: "1 % of the windows may be off", windows: 200, perWindow: 5, missing: [2, 2], want: null },
  { name: "more of them may not", windows: 200, perWindow: 5, missing: [2, 2, 2], want: /in 3 of 200 windows/ },
]) {
  test(`self-check: ${name}`, () => {
    const { tally, schedule } = tallyOf(windows, perWindow);
    for (let seq = 0; seq < schedule.offsetSeconds.length; seq++) {
      if (seq % perWindow >= (missing[Math.floor(seq / perWindow)] ?? 0)) tally.sent(seq, tally.intendedMs(seq));
    }
    while (tally.closed < tally.windows) tally.close(0);
    const because = tally.invalidBecause(0);
    if (want === null) assert.equal(because, null);
    else assert.match(because!, want);
  });
}

test("self-check: lateness over 50 ms at p99 spoils a run that sent everything", () => {
  const { tally } = tallyOf(1, 1);
  tally.sent(0, 500);
  tally.close(0);
  assert.equal(tally.invalidBecause(50), null);
  assert.match(tally.invalidBecause(50.4)!, /sent more than 50\.4 ms late/);
});
