/** What a start takes, seen from outside. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_STARTS, startSecondsOf, watchStarts } from "#shared/core/starts.ts";

const seen = (ticks: readonly (readonly [at: number, desired: number, available: number])[]) =>
  ticks.reduce(
    (starts, [at, desiredReplicas, availableReplicas]) =>
      watchStarts(starts, { atMs: at * 1000, desiredReplicas, availableReplicas }),
    NO_STARTS,
  );
const every2 = (from: number, to: number, desired: number, available: number) =>
  Array.from({ length: (to - from) / 2 }, (_, i) => [from + 2 * i, desired, available] as const);

test("from asking to ready", () => {
  assert.equal(startSecondsOf(seen([...every2(0, 10, 1, 1), ...every2(10, 30, 3, 1), ...every2(30, 40, 3, 3)])), 20);
});

test("a replica that broke and comes back was not asked for: it says nothing of a start", () => {
  const started = [...every2(0, 10, 1, 1), ...every2(10, 14, 2, 1), ...every2(14, 20, 2, 2)];
  assert.equal(startSecondsOf(seen(started)), 4);
  assert.equal(startSecondsOf(seen([...started, ...every2(20, 80, 2, 0), ...every2(80, 90, 2, 2)])), 4);
});
