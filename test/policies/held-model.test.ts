/** A model held by ticks: what its headroom becomes, and that nothing else of it changes. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { CheckpointedMemoryPolicy } from "#shared/policies/checkpointed-memory.ts";
import { heldModel, heldName, policyInWords } from "#shared/policies/held-model.ts";
import { policyReference } from "#shared/policies/reference.ts";
import { sloBudgetPolicy } from "#shared/policies/slo-budget/policy.ts";
import { aLearnedModel } from "#test/support/a-learned-model.ts";
import { aFunction, answerTo, aWindow } from "#test/support/policies.ts";

const headrooms = (favourite: number) => aLearnedModel({ favourite, layout: "replicant-24", actions: "headroom" });
/** Two replicas' worth of load, of requests that compute. */
const window = (seq: number) => aWindow(seq, { availableReplicas: 2, inFlightMean: 0 });

test("a held model answers with a target: the budget's headroom, bent by its own", async () => {
  const [little, much] = await Promise.all([0, 3].map(async (action) => heldModel(await headrooms(action))));
  const [less, more] = [little!, much!].map(
    (model) => answerTo(new CheckpointedMemoryPolicy(model), window(1)).target!,
  );
  const aimed = answerTo(sloBudgetPolicy(), window(1)).target!;
  assert.ok(less!.headroom < aimed.headroom && aimed.headroom < more!.headroom);
  assert.ok(Math.abs(more!.headroom / less!.headroom - Math.sqrt(2.5 / 1.2)) < 1e-9);
  const { headroom: _of, headroomWords, leastReplicas, ...held } = more!;
  const { headroom: _aimed, leastReplicas: none, ...rest } = aimed;
  assert.deepEqual([held, leastReplicas], [rest, none]);
  assert.equal(headroomWords, "learned: 2.5 × the load, 100 % sure");
});

test("an action that names the latest peak keeps as many replicas as that took", async () => {
  const policy = new CheckpointedMemoryPolicy(heldModel(await headrooms(4)));
  answerTo(policy, aWindow(1, { availableReplicas: 2, inFlightMean: 0, arrivals: 120 }));
  const { target } = answerTo(policy, aWindow(2, { availableReplicas: 2, inFlightMean: 0, arrivals: 6 }));
  assert.ok(target!.leastReplicas >= Math.ceil(target!.headroom * target!.replicasPerRps * (120 / 30)) - 1);
  assert.match(target!.headroomWords!, /^learned: 1\.3 × the latest peak/);
  const bounded = answerTo(policy, aWindow(3, { availableReplicas: 2, inFlightMean: 0 }), { maxReplicas: 2 });
  assert.equal(bounded.target!.leastReplicas, 2);
});

test("what the budget learned travels with the target, and is gone on from", async () => {
  const model = heldModel(await headrooms(1));
  const [first, second] = [new CheckpointedMemoryPolicy(model), new CheckpointedMemoryPolicy(model)];
  let memory = {};
  for (let seq = 1; seq <= 20; seq++) memory = answerTo(first, window(seq)).target!.memory;
  const late = { ...window(21), late: { share: 0.4, because: null } };
  const input = { window: late, managed: aFunction, nowMs: late.endedAtMs };
  const [went, came] = [first.propose(input), second.propose({ ...input, memory })];
  assert.equal(came.target!.memory["headroom"], went.target!.memory["headroom"]);
});

test("before anything was served it holds; what it learned from is told as ever", async () => {
  const { target, proposedReplicas, because, learned } = answerTo(
    new CheckpointedMemoryPolicy(heldModel(await headrooms(3))),
    aWindow(1, { completedOk: 0 }),
  );
  assert.deepEqual([target, proposedReplicas], [undefined, 3]);
  assert.match(because, /not known yet: hold/);
  assert.equal(learned!.action, 3);
});

test("the checkpoint itself stays what it is: unheld it decides counts", async () => {
  const model = await headrooms(3);
  heldModel(model);
  assert.equal(answerTo(new CheckpointedMemoryPolicy(model), window(1)).target, undefined);
});

test("a model that changes the count leaves no room to hold", async () => {
  const model = await aLearnedModel({ favourite: 3 });
  assert.throws(() => heldModel(model), /'lstm-ppo-plus@held': only a model whose actions are headrooms can be held/);
});

test("@held is a part of a policy's name", () => {
  assert.deepEqual(heldName("lstm-ppo-plus@product@held"), { model: "lstm-ppo-plus@product", isHeld: true });
  assert.equal(policyInWords("lstm-ppo-plus@product@held"), "lstm-ppo-plus@product, held by ticks");
  assert.equal(policyInWords("slo-budget"), "slo-budget");
  for (const { text, want } of [
    { text: "lstm-ppo-plus@product@held", want: { source: "lstm-ppo-plus@product", follows: false, isHeld: true } },
    { text: "model:lstm-ppo-plus@held", want: { source: "lstm-ppo-plus", follows: true, isHeld: true } },
    { text: "/models/mine@held", want: { source: "/models/mine", follows: false, isHeld: true } },
    { text: "lstm-ppo-plus@product", want: { source: "lstm-ppo-plus@product", follows: false, isHeld: false } },
  ]) {
    assert.deepEqual(policyReference(text), { kind: "model", text, ...want });
  }
  assert.throws(() => policyReference("slo-budget@held"), /unknown policy|slo-budget/);
});
