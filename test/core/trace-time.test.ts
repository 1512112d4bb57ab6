import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { nextWindowEndMs, toTraceMs, toWallMs, windowNumber } from "#shared/core/trace-time.ts";

const traceTime = { timeLapse: 10, epochMs: 1_000_000 };

test("trace time: one real second is k seconds of it", () => {
  assert.equal(toTraceMs(1_003_000, traceTime), 1_030_000);
  assert.equal(toWallMs(1_030_000, traceTime), 1_003_000);
});

test("trace time: a collector that restarts goes on with the same numbers", () => {
  const endMs = nextWindowEndMs(toTraceMs(1_100_123, traceTime), 30, traceTime);
  assert.equal(windowNumber(endMs, 30, traceTime), 34);
  assert.equal(windowNumber(nextWindowEndMs(endMs, 30, traceTime), 30, traceTime), 35);
});

test("trace time: the next window end lies ahead, at most one window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000_000, max: 2_000_000_000 }),
      fc.integer({ min: 1, max: 600 }),
      (traceMs, seconds) => {
        const endMs = nextWindowEndMs(traceMs, seconds, traceTime);
        assert.ok(endMs > traceMs && endMs <= traceMs + seconds * 1_000);
        assert.equal((endMs - traceTime.epochMs) % (seconds * 1_000), 0);
      },
    ),
  );
});
