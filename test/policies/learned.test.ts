import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { LearnedPolicy, proposeAll } from "#shared/policies/learned.ts";
import { headroom } from "#shared/task/actions/headroom.ts";
import { taskNamed } from "#shared/task/task.ts";
import { aLearnedModel } from "#test/support/a-learned-model.ts";
import { aFunction, answerTo, aWindow } from "#test/support/policies.ts";

const windows = Array.from({ length: 12 }, (_, i) =>
  aWindow(i + 1, { arrivals: 30 * (i % 5), inFlightMean: i, desiredReplicas: 2 + (i % 4), cpuRatio: (i % 3) / 2 }),
);

test("learned: the likeliest action, added to the desired replicas and told in words", async () => {
  const policy = new LearnedPolicy(await aLearnedModel({ favourite: 4 }));
  const { proposedReplicas, because, learned } = answerTo(policy, aWindow(1, { desiredReplicas: 3 }));
  assert.equal(proposedReplicas, 5);
  assert.match(because, /^learned: \+2 on 3, 100 % sure, value -?\d/);
  assert.equal(learned!.layout, "plus-8");
  assert.equal(learned!.action, 4);
  assert.equal(learned!.observation.length, 8);
  assert.deepEqual(learned!.actionMask, [true, true, true, true, true]);
  assert.ok(Math.abs(learned!.logProbability) < 1e-6);
  assert.ok(Number.isFinite(learned!.value));
});

test("learned: an action that leaves the bounds is masked, and the next best taken", async () => {
  const policy = new LearnedPolicy(await aLearnedModel({ favourite: 0 }));
  const { proposedReplicas, learned } = answerTo(policy, aWindow(1, { desiredReplicas: 1 }));
  assert.ok(proposedReplicas >= 1);
  assert.deepEqual(learned!.actionMask, [false, false, true, true, true]);
});

test("learned: as published nothing is masked, and what leaves the bounds scales nothing", async () => {
  const policy = new LearnedPolicy(await aLearnedModel({ favourite: 0, maskActions: false, objective: "paper" }));
  const { proposedReplicas, because } = answerTo(policy, aWindow(1, { desiredReplicas: 2 }));
  assert.equal(proposedReplicas, 2);
  assert.match(because, /keep 2: 0 is out of bounds/);
});

test("learned: headroom above what the load needs", async () => {
  const policy = new LearnedPolicy(await aLearnedModel({ favourite: 3, layout: "replicant-24", actions: "headroom" }));
  // Two replicas' worth of load (see the demand's own test) times 2.5.
  const { proposedReplicas, because } = answerTo(policy, aWindow(1, { availableReplicas: 2, inFlightMean: 0 }));
  assert.equal(proposedReplicas, 5);
  assert.match(because, /2\.5 × 2 replicas needed now/);
});

for (const { name, lstm, layout, actions } of [
  { name: "with memory", lstm: 16, layout: "replicant-24", actions: "headroom" },
  { name: "without", lstm: null, layout: "plus-8", actions: "change" },
] as const) {
  test(`learned: a batch of functions answers as each of them alone, ${name}`, async () => {
    const model = await aLearnedModel({ lstm, layout, actions });
    const other = await aLearnedModel({ lstm, layout, actions });
    const together = [0, 1, 2, 3, 4].map((i) => new LearnedPolicy(i === 3 ? other : model));
    const alone = together.map(({ model: of }) => new LearnedPolicy(of));
    for (let t = 0; t + 5 <= windows.length; t++) {
      const inputs = together.map((_, i) => ({ window: windows[t + i]!, managed: aFunction, nowMs: 0 }));
      const answers = proposeAll(together.map((policy, i) => ({ policy, input: inputs[i]! })));
      answers.forEach((answer, i) => {
        const expected = alone[i]!.propose(inputs[i]!);
        assert.equal(answer.proposedReplicas, expected.proposedReplicas);
        assert.deepEqual(answer.learned!.observation, expected.learned!.observation);
        assert.ok(Math.abs(answer.learned!.value - expected.learned!.value) < 1e-5);
      });
    }
  });
}

test("learned: the same windows in the same order give the same answers, drawn ones too", async () => {
  const model = await aLearnedModel();
  const run = (seed: number) => {
    const policy = new LearnedPolicy(model, { random: seededRandom(seed) });
    return windows.map((window) => answerTo(policy, window));
  };
  assert.deepEqual(run(1), run(1));
  assert.notDeepEqual(run(1), run(2));
});

test("learned: remembers what it saw, and that is told by its value", async () => {
  const model = await aLearnedModel();
  const fresh = answerTo(new LearnedPolicy(model), windows[5]!);
  const experienced = new LearnedPolicy(model);
  for (const window of windows.slice(0, 5)) answerTo(experienced, window);
  assert.notEqual(answerTo(experienced, windows[5]!).learned!.value, fresh.learned!.value);
});

test("learned: observations are normalised by the training's statistics, and told as they were", async () => {
  const statistics = { count: 10, mean: new Array<number>(8).fill(3), variance: new Array<number>(8).fill(4) };
  const raw = answerTo(new LearnedPolicy(await aLearnedModel()), windows[0]!).learned!;
  const normalised = answerTo(new LearnedPolicy(await aLearnedModel({ statistics })), windows[0]!).learned!;
  assert.deepEqual(normalised.observation, raw.observation);
  assert.notEqual(normalised.value, raw.value);
});

test("learned: a model that does not fit its layout or its actions is refused", async () => {
  const model = await aLearnedModel();
  const task = taskNamed({ layout: "plus-7", actions: "change", objective: "corrected" });
  for (const { wrong, message } of [
    { wrong: task, message: /has 8 observations and 5 actions, layout 'plus-7' has 7/ },
    { wrong: { ...model.task, actions: { ...headroom, count: 9 } }, message: /5 actions, .* and 'headroom' 9/ },
  ]) {
    assert.throws(
      () => new LearnedPolicy({ ...model, task: wrong }),
      (thrown) => thrown instanceof BadInputError && message.test(thrown.message),
    );
  }
});
