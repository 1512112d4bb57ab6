/** The live environment keeps the contract of the simulated one, on windows as they come. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { EnvironmentMisuseError } from "#shared/task/environment/contract.ts";
import { boxContains } from "#shared/task/environment/spaces.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import { closeWindow, type MetricsWindow } from "#shared/core/window.ts";
import { liveSettings, settingsOf, type Form } from "#shared/rl/agents.ts";
import { anApplied, aProposal } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { LiveScalingEnvironment } from "#shared/live/episodes/environment.ts";
import type { LiveWindows } from "#shared/live/episodes/windows.ts";

/** What happens to the proposal on a window. */
type Fate = "applied" | "ruled" | "lost" | "unmeasured";

function aLife(fates: readonly Fate[], form: Form = "corrected", changes: Partial<MetricsWindow> = {}) {
  const { hyperparameters, ...settings } = liveSettings(settingsOf("lstm-ppo-plus", form), 8);
  const managed = aManaged({ minReplicas: 1, maxReplicas: 12 });
  const proposals: number[] = [];
  const windows: LiveWindows = {
    first: async () => aWindow({ seq: 1, ...changes }),
    async pass(window, { proposedReplicas, because }) {
      const fate = fates[proposals.length] ?? "applied";
      proposals.push(proposedReplicas);
      const seq = window.seq + (fate === "lost" ? 2 : 1);
      const { missing: _missing, ...next } = aWindow({ seq, desiredReplicas: proposedReplicas });
      const then = closeWindow(fate === "unmeasured" ? { ...next, arrivals: null } : next);
      if (fate === "lost") return { window: then, transition: null };
      const decisionId = decisionIdOf("stress", window.endedAtMs);
      const proposal = aProposal({ seq: window.seq, proposedReplicas, because });
      const applied = anApplied({ applied: proposedReplicas, ...(fate === "ruled" && { trigger: "fallback" }) });
      return {
        window: then,
        transition: { decisionId, managed, window, proposal, applied, next: then, tickDecisions: 0 },
      };
    },
    close: async () => {},
  };
  const ofFour = { ...settings, hyperparameters: { ...hyperparameters, episodeWindows: 4 } };
  return { environment: new LiveScalingEnvironment({ settings: ofFour, managed, windows }), proposals };
}

describe("the live environment", () => {
  test("observes within its space, gives the mask, ends by being cut, and is begun again by a reset alone", async () => {
    const { environment, proposals } = aLife([], "corrected", { desiredReplicas: 1 });
    await assert.rejects(environment.step(0), EnvironmentMisuseError);
    const first = await environment.reset();
    assert.ok(boxContains(environment.observationSpace, first.observation));
    assert.deepEqual([...first.info.actionMask], [0, 0, 1, 1, 1]);
    for (const action of [-1, 5, 0.5, NaN]) await assert.rejects(environment.step(action), EnvironmentMisuseError);
    const steps = [];
    for (const action of [4, 4, 3, 1]) steps.push(await environment.step(action));
    assert.deepEqual(proposals, [3, 5, 6, 5]);
    assert.deepEqual(
      steps.map(({ truncated, terminated }) => [truncated, terminated]),
      [
        [false, false],
        [false, false],
        [false, false],
        [true, false],
      ],
    );
    assert.ok(steps.every(({ observation, reward }) => observation.length > 0 && Number.isFinite(reward)));
    await assert.rejects(environment.step(2), EnvironmentMisuseError);
    const { info } = await environment.reset();
    // Nothing was asked for on the way: the platform is not set back.
    assert.deepEqual([info.window.desiredReplicas, proposals.length], [5, 4]);
    assert.deepEqual(environment.counts, { steps: 4, ruled: 0, lost: 0 });
  });

  test("a lost window cuts the episode, and nothing is made of its reward", async () => {
    const { environment } = aLife(["applied", "lost"]);
    await environment.reset();
    await environment.step(2);
    const { reward, truncated, info } = await environment.step(3);
    assert.deepEqual([reward, truncated, info.isOwn], [0, true, false]);
    assert.deepEqual(environment.counts, { steps: 2, ruled: 0, lost: 1 });
    await assert.rejects(environment.step(2), EnvironmentMisuseError);
  });

  test("where the fallback rule decided the step says that it was not the agent's", async () => {
    const { environment } = aLife(["ruled"]);
    await environment.reset();
    const { info, truncated } = await environment.step(2);
    assert.deepEqual([info.isOwn, truncated], [false, false]);
    assert.deepEqual(environment.counts, { steps: 1, ruled: 1, lost: 0 });
  });

  test("a window without counts is held and passed over, in one step", async () => {
    const { environment, proposals } = aLife(["unmeasured", "unmeasured", "applied"], "corrected", {
      desiredReplicas: 4,
    });
    await environment.reset();
    const { info } = await environment.step(3);
    assert.deepEqual(proposals, [5, 5, 5]);
    assert.equal(info.window.seq, 4);
  });

  test("as published, an action that leaves the bounds scales nothing and costs 100", async () => {
    const { environment, proposals } = aLife([], "paper", { desiredReplicas: 1 });
    await environment.reset();
    const { reward } = await environment.step(0);
    assert.deepEqual([proposals, reward], [[1], -100]);
  });
});
