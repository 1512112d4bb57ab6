import assert from "node:assert/strict";
import { test } from "node:test";

import { baselineRewards } from "#shared/task/environment/baseline-rewards.ts";
import type { BaseInfo, Environment, ResetOptions } from "#shared/task/environment/contract.ts";
import { decidableSteps } from "#shared/task/environment/decidable-steps.ts";
import { box, discrete } from "#shared/task/environment/spaces.ts";
import { countingEnvironment } from "#test/support/learning/environments.ts";

type Info = BaseInfo & { readonly missing: boolean };

/** Shows the numbers one by one, null where nothing was measured, and notes what was done. */
function scripted(numbers: readonly (number | null)[]) {
  const actions: number[] = [];
  const resets: ResetOptions<string>[] = [];
  let at = 0;
  const seen = () => ({
    observation: Float32Array.of(numbers[at] ?? -1),
    info: { actionMask: Uint8Array.of(0, 1, 1), missing: numbers[at] === null },
  });
  const environment: Environment<Info, string> = {
    id: "test/Scripted-v0",
    observationSpace: box([-1], [99]),
    actionSpace: discrete(3),
    reset(options = {}) {
      at = 0;
      resets.push(options);
      return seen();
    },
    step(action) {
      actions.push(action);
      at++;
      return { ...seen(), reward: 10 ** at, terminated: false, truncated: at === numbers.length - 1 };
    },
  };
  return { task: decidableSteps(environment, { holdAction: 1, options: "said" }), actions, resets };
}

test("decidable steps: what was measured passes as it is, and the options are passed on at each reset", () => {
  const { task, resets } = scripted([7, 9]);
  assert.deepEqual([...task.reset({ seed: 4 }).observation], [7]);
  assert.deepEqual(resets, [{ seed: 4, options: "said" }]);
  const { observation, reward, truncated, info } = task.step(2);
  assert.deepEqual([observation[0], reward, truncated, info.actionMask[0]], [9, 10, true, 0]);
});

test("decidable steps: windows that were not measured are held, and their rewards added up", () => {
  const { task, actions } = scripted([null, 1, null, null, 3, 4]);
  assert.equal(task.reset().observation[0], 1);
  const { observation, reward } = task.step(2);
  assert.equal(observation[0], 3);
  assert.equal(reward, 100 + 1000 + 10_000);
  assert.deepEqual(actions, [1, 2, 1, 1]);
});

test("decidable steps: an episode may end without a measurement", () => {
  const { task } = scripted([5, null]);
  task.reset();
  const { observation, truncated } = task.step(2);
  assert.ok(truncated);
  assert.deepEqual([...observation], [0]);
});

test("baseline rewards: what the constant policy gains on the same load falls out", () => {
  const seeds: unknown[] = [];
  const noted = (gain: number): Environment => {
    const inner = countingEnvironment("truncated");
    return {
      ...inner,
      reset: (options) => (seeds.push(options?.seed), inner.reset(options)),
      step: (action) => ({ ...inner.step(action), reward: gain * action }),
    };
  };
  const compared = baselineRewards(noted(10), noted(3), 1);
  compared.reset({ seed: "s" });
  assert.deepEqual(seeds, ["s", "s"]);
  assert.equal(compared.step(1).reward, 7);
  assert.equal(compared.step(0).reward, -3);
  assert.ok(compared.step(1).truncated);
  compared.reset();
  assert.equal(compared.step(1).reward, 7);
});
