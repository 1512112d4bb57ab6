import assert from "node:assert/strict";
import { test } from "node:test";

import { explainedVariance, generalisedAdvantages } from "#shared/rl/advantages.ts";

const options = { discount: 0.9, gaeLambda: 0.5, bootstrapTruncation: true };
/** Three steps of one environment: δ = r + 0.9 V' − V, Â = δ + 0.45 Â'. */
const steps = {
  steps: 3,
  environments: 1,
  rewards: [1, 0, 2],
  values: [0.5, 1, 1.5],
  nextValues: [1, 1.5, 2],
  terminated: [0, 0, 0],
  truncated: [0, 0, 0],
};

for (const { name, change, want } of [
  // δ = 1.4, 0.35, 2.3; Â₂ = 2.3, Â₁ = 0.35 + 0.45 · 2.3 = 1.385, Â₀ = 1.4 + 0.45 · 1.385 = 2.02325.
  { name: "an episode that goes on", change: {}, want: [2.02325, 1.385, 2.3] },
  // δ₁ = 0 − 1 = −1: no future. Â₁ = −1, Â₀ = 1.4 − 0.45 = 0.95.
  { name: "terminated: no future", change: { terminated: [0, 1, 0] }, want: [0.95, -1, 2.3] },
  // δ₁ = 0.35 keeps its future, but what comes after belongs to another episode. Â₀ = 1.4 + 0.45 · 0.35 = 1.5575.
  { name: "truncated: a future, valued by the critic", change: { truncated: [0, 1, 0] }, want: [1.5575, 0.35, 2.3] },
] as { name: string; change: Partial<typeof steps>; want: number[] }[]) {
  test(`advantages: ${name}, by hand`, () => {
    const { advantages, returns } = generalisedAdvantages({ ...steps, ...change }, options);
    want.forEach((value, t) => {
      assert.ok(Math.abs(advantages[t]! - value) < 1e-6, `Â${t} was ${advantages[t]}`);
      assert.ok(Math.abs(returns[t]! - value - steps.values[t]!) < 1e-6);
    });
  });
}

test("advantages: as published, a cut counts as an end", () => {
  const cut = generalisedAdvantages({ ...steps, truncated: [0, 1, 0] }, { ...options, bootstrapTruncation: false });
  const ended = generalisedAdvantages({ ...steps, terminated: [0, 1, 0] }, options);
  assert.deepEqual(cut, ended);
});

test("advantages: environments side by side do not mix", () => {
  const pair = (of: number[], other: number[]) => of.flatMap((value, t) => [value, other[t]!]);
  const both = generalisedAdvantages(
    {
      steps: 3,
      environments: 2,
      rewards: pair(steps.rewards, [5, 5, 5]),
      values: pair(steps.values, [9, 9, 9]),
      nextValues: pair(steps.nextValues, [3, 3, 3]),
      terminated: pair([0, 0, 0], [1, 0, 1]),
      truncated: pair([0, 0, 0], [0, 1, 0]),
    },
    options,
  );
  const alone = generalisedAdvantages(steps, options);
  assert.deepEqual(
    [0, 2, 4].map((row) => both.advantages[row]),
    [...alone.advantages],
  );
});

for (const { name, values, want } of [
  { name: "a critic that knows all", values: [1, 2, 3], want: 1 },
  { name: "a critic that knows the mean", values: [2, 2, 2], want: 0 },
  { name: "a critic that is wrong", values: [3, 2, 1], want: -3 },
]) {
  test(`explained variance: ${name}`, () => assert.equal(explainedVariance(values, [1, 2, 3]), want));
}

test("explained variance: returns that are all alike cannot be explained", () =>
  assert.equal(explainedVariance([1, 2], [4, 4]), null));
