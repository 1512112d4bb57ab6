/** The back-off of crashing replicas. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterFailure, type BackOff } from "#services/local-openfaas/provider/back-off.ts";

/** Delays in seconds when every failure happens just after the wait was over. */
function delays(failures: readonly boolean[]): number[] {
  let state: BackOff | null = null;
  let nowMs = 1_000_000;
  return failures.map((wasReady) => {
    state = afterFailure(state, { wasReady, error: "exit code 1" }, nowMs);
    const delayMs = state.untilMs - nowMs;
    nowMs = state.untilMs + 5;
    return delayMs / 1_000;
  });
}

for (const { name, failures, want } of [
  { name: "starts that fail", failures: Array<boolean>(8).fill(false), want: [1, 2, 4, 8, 16, 32, 60, 60] },
  { name: "crashes after readiness: the first is free", failures: Array<boolean>(5).fill(true), want: [0, 1, 2, 4, 8] },
  { name: "a crash whose successor cannot start", failures: [true, false, false], want: [0, 2, 4] },
]) {
  test(`back-off: ${name}`, () => assert.deepEqual(delays(failures), want));
}

test("back-off: replicas that die together are one failure", () => {
  const first = afterFailure(null, { wasReady: false, error: "a" }, 0);
  assert.deepEqual(afterFailure(first, { wasReady: true, error: "b" }, 10), { ...first, lastError: "b" });
  assert.equal(afterFailure(first, { wasReady: true, error: "b" }, first.untilMs).failures, 2);
});
