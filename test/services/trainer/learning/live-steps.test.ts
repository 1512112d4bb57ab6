import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Applied } from "#shared/core/decision.ts";
import { OBJECTIVES } from "#shared/task/objectives/objectives.ts";
import { productReward } from "#shared/task/objectives/product.ts";
import type { Proposal } from "#shared/core/proposal.ts";
import type { Transition } from "#shared/core/transition.ts";
import { settingsOf } from "#shared/rl/agents.ts";
import { A_POLICY, aLearnedDetail, anApplied, aProposal, aTarget } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { liveSteps } from "#services/trainer/learning/live-steps.ts";

const { version } = A_POLICY;
const settings = settingsOf("lstm-ppo-plus", "corrected");

function aTransition(seq: number, applied: Partial<Applied> = {}, proposal: Partial<Proposal> = {}): Transition {
  return {
    decisionId: `stress@${seq * 30_000}`,
    managed: aManaged(),
    window: aWindow({ seq }),
    proposal: aProposal({ seq, learned: aLearnedDetail(), ...proposal }),
    applied: anApplied({ seq, ...applied }),
    next: aWindow({ seq: seq + 1, desiredReplicas: 3 }),
    tickDecisions: 0,
  };
}

describe("whose doing a step was", () => {
  for (const { name, applied, proposal, action, logProbability } of [
    { name: "applied as proposed", applied: {}, proposal: {}, action: 3, logProbability: -0.5 },
    {
      name: "nothing had to be sent: the proposal was the count there was",
      applied: { current: 3, desired: 3, applied: null },
      proposal: {},
      action: 3,
      logProbability: -0.5,
    },
    { name: "the guard made +2 of it", applied: { applied: 4 }, proposal: {}, action: 4, logProbability: null },
    {
      name: "the guard held the count",
      applied: { desired: 2, applied: null },
      proposal: {},
      action: 2,
      logProbability: null,
    },
    {
      name: "the guard made +5 of it, which no action asks for",
      applied: { applied: 7 },
      proposal: {},
      action: null,
      logProbability: null,
    },
    {
      name: "the guard made +2 of it, which the mask forbade",
      applied: { applied: 4 },
      proposal: { learned: aLearnedDetail({ actionMask: [true, true, true, true, false] }) },
      action: null,
      logProbability: null,
    },
    {
      name: "the fallback rule decided",
      applied: { trigger: "fallback", policy: { name: "openfaas-pro", version: "1" } },
      proposal: {},
      action: null,
      logProbability: null,
    },
    {
      name: "nothing was applied, for the mode is shadow",
      applied: { mode: "shadow", current: 3, desired: 3, applied: null },
      proposal: {},
      action: null,
      logProbability: null,
    },
    {
      name: "the platform did not answer",
      applied: { applied: null },
      proposal: {},
      action: null,
      logProbability: null,
    },
  ] as const) {
    test(name, () => {
      const [step] = liveSteps([aTransition(1, applied, proposal)], settings, version);
      assert.deepEqual([step!.action, step!.logProbability], [action, logProbability]);
    });
  }

  test("a target asks for what ticks made of it at the window's end", () => {
    const target = aTarget();
    const steps = liveSteps(
      [
        aTransition(1, { proposed: 5, applied: 5 }, { target }),
        aTransition(2, { proposed: 5, applied: 4 }, { target }),
      ],
      { ...settings, actions: "headroom" },
      version,
    );
    assert.deepEqual(
      steps.map(({ action }) => action),
      [3, null],
    );
  });

  test("with headrooms for actions only what was applied as proposed counts", () => {
    const steps = liveSteps(
      [aTransition(1), aTransition(2, { applied: 4 })],
      { ...settings, actions: "headroom" },
      version,
    );
    assert.deepEqual(
      steps.map(({ action }) => action),
      [3, null],
    );
  });
});

test("steps of another model, of another layout, and of rules are passed over; where they were a new stretch begins", () => {
  const steps = liveSteps(
    [
      aTransition(1),
      aTransition(2),
      aTransition(3, {}, { policy: { name: "lstm-ppo-plus@corrected", version: "another" } }),
      aTransition(4, {}, { learned: aLearnedDetail({ layout: "plus-7" }) }),
      aTransition(5, {}, { learned: null }),
      aTransition(6),
      aTransition(7),
      aTransition(9),
    ],
    settings,
    version,
  );
  assert.deepEqual(
    steps.map(({ isStart }) => isStart),
    [true, false, true, false, true],
  );
});

test("the reward is the objective's, on the window that followed", () => {
  const transition = aTransition(1);
  const [corrected] = liveSteps([transition], settings, version);
  const expected = OBJECTIVES.corrected.rewardOf({
    window: transition.next,
    requestedReplicas: 3,
    isWithinBounds: true,
    sloSeconds: 3,
    replicaSeconds: 90,
    // What this objective does not read.
    ...{ violationShare: 0, neededReplicas: 0, usualReplicas: 0 },
  });
  assert.equal(corrected!.reward, expected.total);

  const [product] = liveSteps([transition], { ...settings, objective: "product" }, version);
  // 0.5 of two replicas for 60 requests: a request a second keeps half a replica busy, at 70 % use; two a second came.
  const needed = (2 * 0.5) / 0.7;
  const want = productReward({
    violationShare: 0,
    neededReplicas: needed,
    usualReplicas: needed,
    replicaSeconds: 90,
    windowSeconds: 30,
  });
  assert.ok(Math.abs(product!.reward - want.total) < 1e-9, `${product!.reward}, not ${want.total}`);
});
