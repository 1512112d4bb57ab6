/** One loop that waits: until it holds, until the deadline, or until the person ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Clock } from "#shared/core/clock.ts";
import { BadInputError, InterruptedError } from "#shared/core/errors.ts";
import { waitUntil } from "#shared/core/wait.ts";

/** Sleeping takes no time, but moves it. */
function quickClock(): Clock {
  let nowMs = 0;
  return { nowMs: () => nowMs, sleep: async (ms) => void (nowMs += ms) };
}

test("a wait ends when its condition holds, and looks as often as asked", async () => {
  const clock = quickClock();
  let looks = 0;
  const isThird = async () => ++looks === 3;
  assert.equal(await waitUntil(isThird, { clock, withinMs: 1_000, everyMs: 10 }), true);
  assert.deepEqual([looks, clock.nowMs()], [3, 20]);
});

test("a wait ends with false at its deadline", async () => {
  const clock = quickClock();
  assert.equal(await waitUntil(() => false, { clock, withinMs: 1_000 }), false);
  assert.equal(clock.nowMs(), 1_000);
});

test("an abort ends a wait with its own reason, else as interrupted; what holds already is not interrupted", async () => {
  const wait = (signal: AbortSignal) => waitUntil(() => false, { clock: quickClock(), withinMs: 1_000, signal });
  await assert.rejects(wait(AbortSignal.abort()), InterruptedError);
  await assert.rejects(wait(AbortSignal.abort(new BadInputError("the load ended"))), /^BadInputError: the load ended$/);
  const options = { clock: quickClock(), withinMs: 1_000, signal: AbortSignal.abort() };
  assert.equal(await waitUntil(() => true, options), true);
});
