/** What a policy has learned comes back to it: after a restart from the window, after a broken chain from its own last proposal. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { MetricsWindow } from "#shared/core/window.ts";
import type { WindowClosed } from "#shared/events/types.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { createInference, type Inference } from "#functions/policy-inference/inference.ts";
import { rulesOnly } from "#functions/policy-inference/rules.ts";

const managed = aManaged({ policy: "slo-budget", targetInFlight: 3 });

const closed = (
  seq: number,
  changes: Partial<MetricsWindow> = {},
  control?: WindowClosed["control"],
): WindowClosed => ({
  managed,
  window: aWindow({ seq, late: { share: (seq % 7) / 50, because: null }, ...changes }),
  history: [],
  ...(control && { control }),
});

async function targetOf(inference: Inference, window: WindowClosed) {
  const [result] = await inference.step([window]);
  assert.ok(result?.kind === "proposal");
  return result.proposal.target!;
}

const anInference = () => createInference({ assignments: rulesOnly, nowMs: () => 0 });
const policy = { name: "slo-budget", version: "1" };

describe("a policy's memory", () => {
  test("a fresh function goes on from what the last decision remembers, as if it had never been away", async () => {
    const first = anInference();
    let target = await targetOf(first, closed(1));
    for (let seq = 2; seq <= 40; seq++) target = await targetOf(first, closed(seq));
    const control = { policy, target, span: { seconds: 60, arrivals: 120 }, startSeconds: 2 };
    assert.deepEqual(await targetOf(anInference(), closed(41, {}, control)), await targetOf(first, closed(41)));
  });

  test("without one it begins anew", async () => {
    const first = anInference();
    let target = await targetOf(first, closed(1));
    for (let seq = 2; seq <= 40; seq++) target = await targetOf(first, closed(seq));
    assert.notDeepEqual((await targetOf(anInference(), closed(41))).memory, target.memory);
  });

  test("another generation of the collector, or a window that was missed, makes nobody forget", async () => {
    const [one, two] = [anInference(), anInference()];
    for (let seq = 1; seq <= 20; seq++) {
      await targetOf(one, closed(seq));
      await targetOf(two, closed(seq));
    }
    const on = await targetOf(one, closed(21));
    assert.deepEqual(await targetOf(two, closed(21, { generation: "another", seq: 1 })), on);
    assert.equal((await targetOf(two, closed(5, { generation: "another" }))).memory["learned"]! > 20, true);
  });
});
