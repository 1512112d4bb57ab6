/** A replica's warm-up leaves nothing behind, and nothing that goes wrong in it stops a start. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bodyRules } from "#services/local-openfaas/runtime/body.ts";
import { warmUp } from "#services/local-openfaas/runtime/warm-up.ts";

/** Handles are closed within a few turns of the event loop. */
async function openHandles(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

test("a warm-up ends by itself, with no connection and no server left", async () => {
  const before = await openHandles();
  await warmUp(bodyRules({}));
  assert.equal(await openHandles(), before);
});

test("whatever a function's body rules are", async () => {
  await warmUp(bodyRules({ RAW_BODY: "true" }));
  await warmUp(bodyRules({ MAX_JSON_SIZE: "1b" }));
  assert.equal(await openHandles(), 0);
});
