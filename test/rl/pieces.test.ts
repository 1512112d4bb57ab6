import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { RunningStatistics, joinedStatistics, noStatistics, normaliserOf } from "#shared/rl/normalisation.ts";
import { seededRandom } from "#shared/core/random.ts";
import { likeliest, logProbabilities, sampled } from "#shared/rl/categorical.ts";
import { minibatchOf, piecesOf, sequencesOf, shuffled } from "#shared/rl/minibatches.ts";
import { joinedRollouts } from "#shared/rl/rollout/join.ts";
import { shardsOf } from "#shared/rl/rollout/local.ts";
import type { Rollout } from "#shared/rl/rollout/types.ts";
import { scheduled } from "#shared/rl/schedules.ts";

for (const { progress, want } of [
  { progress: -1, want: 10 },
  { progress: 0, want: 10 },
  { progress: 0.25, want: 8 },
  { progress: 1, want: 2 },
  { progress: 3, want: 2 },
]) {
  test(`schedule: 10 → 2 at ${progress} of the training`, () =>
    assert.equal(scheduled({ from: 10, to: 2 }, progress), want));
}

test("categorical: probabilities are a softmax over what is allowed", () => {
  const logProbs = logProbabilities([1000, 1001, 1002], Uint8Array.of(1, 0, 1));
  assert.equal(logProbs[1], -Infinity);
  assert.ok(Math.abs(Math.exp(logProbs[0]!) + Math.exp(logProbs[2]!) - 1) < 1e-12);
  assert.ok(Math.abs(logProbs[2]! - logProbs[0]! - 2) < 1e-9);
  assert.equal(likeliest(logProbs), 2);
  assert.throws(() => logProbabilities([1, 2], Uint8Array.of(0, 0)), /allows nothing/);
});

test("categorical: draws are as frequent as their probabilities, forbidden ones never", () => {
  const random = seededRandom(5);
  const logProbs = logProbabilities([0, 1, 2, 9], Uint8Array.of(1, 1, 1, 0));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[sampled(logProbs, random)]!++;
  counts.forEach((count, action) => assert.ok(Math.abs(count / 20_000 - Math.exp(logProbs[action]!)) < 0.015));
  assert.equal(counts[3], 0);
});

test("normalisation: statistics gathered in parts are those of the whole", () => {
  const vectors = fc.array(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 2 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(vectors, vectors, (first, second) => {
      const of = (...parts: number[][][]) => {
        const statistics = new RunningStatistics(2);
        for (const values of parts.flat()) statistics.add(values);
        return statistics.statistics;
      };
      const joined = joinedStatistics(joinedStatistics(noStatistics(2), of(first)), of(second));
      const whole = of(first, second);
      assert.equal(joined.count, whole.count);
      for (let i = 0; i < 2; i++) {
        assert.ok(Math.abs(joined.mean[i]! - whole.mean[i]!) < 1e-7);
        assert.ok(Math.abs(joined.variance[i]! - whole.variance[i]!) < 1e-5 * (1 + whole.variance[i]!));
      }
    }),
  );
});

test("normalisation: shifted, scaled and cut; left alone without statistics", () => {
  const normalised = normaliserOf({ count: 4, mean: [10, 0], variance: [4, 1e-30] });
  assert.deepEqual([...normalised([14, 1])].map(Math.round), [2, 10]);
  assert.deepEqual([...normaliserOf(null)([14, 1])], [14, 1]);
});

/** A rollout whose every number tells its row. */
function counted(steps: number, environments: number, firstEnvironment = 0): Rollout {
  const rows = steps * environments;
  const value = (row: number) => Math.floor(row / environments) * 100 + firstEnvironment + (row % environments);
  const floats = () => Float32Array.from({ length: rows }, (_, row) => value(row));
  const lstmState = (step: number) =>
    Float32Array.from({ length: environments * 2 }, (_, i) => step * 100 + firstEnvironment + Math.floor(i / 2));
  return {
    steps,
    environments,
    observations: Float32Array.from({ length: rows * 3 }, (_, i) => value(Math.floor(i / 3))),
    episodeStarts: Uint8Array.from({ length: rows }, (_, row) => (row < environments ? 1 : 0)),
    actions: Int32Array.from({ length: rows }, (_, row) => value(row)),
    actionMasks: Uint8Array.from({ length: rows * 2 }, (_, i) => i % 2),
    logProbs: floats(),
    rewards: floats(),
    values: floats(),
    nextValues: floats(),
    terminated: new Uint8Array(rows),
    truncated: new Uint8Array(rows),
    counted: null,
    lstmStates: [0, 2, 4].filter((step) => step < steps).map((step) => ({ h: lstmState(step), c: lstmState(step) })),
  };
}

test("rollouts: shards joined side by side are the rollout of all environments", () => {
  assert.deepEqual(joinedRollouts([counted(5, 2), counted(5, 1, 2), counted(5, 3, 3)]), counted(5, 6));
});

test("rollouts: shards share the environments out, whatever their number", () => {
  for (let environments = 1; environments < 40; environments++) {
    const shards = shardsOf(environments);
    assert.equal(
      shards.reduce((sum, { count }) => sum + count, 0),
      environments,
    );
    shards.forEach(({ first }, i) => assert.equal(first, i === 0 ? 0 : shards[i - 1]!.first + shards[i - 1]!.count));
  }
});

test("minibatches: every step once, in its sequence, with the LSTM's state before it; padding is masked", () => {
  const rollout = counted(5, 3);
  const numbers = Float32Array.from(rollout.rewards);
  const estimates = { advantages: numbers, returns: numbers };
  const seen: number[] = [];
  for (const some of piecesOf(shuffled(sequencesOf(rollout, 2), seededRandom(1)), 4)) {
    const batch = minibatchOf(rollout, estimates, some, 2, rollout.lstmStates)!;
    for (let s = 0; s < batch.sequences; s++) {
      assert.equal(batch.initialState!.h[s * 2], batch.oldLogProbs[s], "state of the sequence's first step");
      for (let t = 0; t < batch.steps; t++) {
        const row = t * batch.sequences + s;
        if (batch.masks?.[row] === 0) {
          assert.deepEqual([...batch.actionMasks!.subarray(row * 2, row * 2 + 2)], [1, 1]);
          continue;
        }
        const value = batch.oldLogProbs[row]!;
        assert.equal(value, batch.oldLogProbs[s]! + 100 * t);
        assert.deepEqual([...batch.observations.subarray(row * 3, row * 3 + 3)], [value, value, value]);
        for (const of of [batch.actions, batch.advantages, batch.returns]) assert.equal(of[row], value);
        seen.push(value);
      }
    }
  }
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    [...rollout.rewards].sort((a, b) => a - b),
  );
});

test("minibatches: steps that do not count are masked, and a minibatch without any that do is none", () => {
  const rollout = { ...counted(4, 1), counted: Uint8Array.of(1, 0, 0, 0) };
  const numbers = Float32Array.from(rollout.rewards);
  const [first, second] = sequencesOf(rollout, 2).map((one) =>
    minibatchOf(rollout, { advantages: numbers, returns: numbers }, [one], 2, rollout.lstmStates),
  );
  assert.deepEqual([...first!.masks!], [1, 0]);
  assert.equal(second, null);
});
