/** A run begins with its own chance: the order reaches the trainer as soon as that can take it, or one sentence says why not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "#shared/core/clock.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { resetRollbacks } from "#shared/live/run/reset-rollbacks.ts";

const managedBy = (name: string, policy: string) =>
  readManagedFunction({ name, labels: {}, annotations: { "replicant.policy": policy } }).managed!;
const MODEL = managedBy("stress", "lstm-ppo-plus@corrected");

/** Sleeping takes no time, but moves it. */
function quickClock(): Clock {
  let nowMs = 0;
  return { nowMs: () => nowMs, sleep: async (ms) => void (nowMs += ms) };
}

/** A trainer that answers these one after the other, the last for ever; null: it does not answer. */
function trainer(...statuses: readonly (number | null)[]) {
  const orders: object[] = [];
  const call = async (order: object) => {
    const status = statuses[Math.min(orders.push(order), statuses.length) - 1]!;
    if (status === null) throw new Error("socket hang up");
    return { status, body: status === 200 ? "" : `{"error":"no"}\n` };
  };
  return { orders, call };
}

for (const { name, statuses, orders } of [
  { name: "taken at once", statuses: [200], orders: 1 },
  { name: "503 while the bus is awaited", statuses: [503, 503, 200], orders: 3 },
  { name: "409 before its first window", statuses: [409, 200], orders: 2 },
  { name: "no answer, then a gateway without a replica", statuses: [null, 502, 504, 200], orders: 4 },
]) {
  test(`rollbacks are reset: ${name}`, async () => {
    const { call, orders: given } = trainer(...statuses);
    assert.deepEqual(await resetRollbacks(call, [MODEL, managedBy("other", "hpa")], quickClock()), []);
    assert.equal(given.length, orders);
    assert.deepEqual(given[0], {
      ...{ action: "mode", functionName: "stress", mode: "auto" },
      reason: "its policy was named on the command line",
    });
  });
}

test("a trainer that never takes it is one sentence after a bounded time; an unsigned order at once", async () => {
  const clock = quickClock();
  const never = trainer(503);
  assert.deepEqual(await resetRollbacks(never.call, [MODEL], clock), [
    `the model of 'stress' may still be rolled back from an earlier run: the trainer answered HTTP 503 {"error":"no"}`,
  ]);
  assert.equal(clock.nowMs(), 30_000);
  const unsigned = trainer(401);
  assert.match((await resetRollbacks(unsigned.call, [MODEL], quickClock()))[0]!, /HTTP 401/);
  assert.equal(unsigned.orders.length, 1);
});

test("who ends the run meanwhile does not wait for it", async () => {
  const { call, orders } = trainer(503);
  assert.equal((await resetRollbacks(call, [MODEL], quickClock(), AbortSignal.abort())).length, 1);
  assert.equal(orders.length, 1);
});
