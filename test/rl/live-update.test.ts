import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { logProbabilities } from "#shared/rl/categorical.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { liveUpdate, type LiveStep } from "#shared/rl/live-update.ts";
import { settingsOf } from "#shared/rl/agents.ts";
import { kernelBytes } from "#test/support/kernel.ts";

let kernel: Uint8Array;
before(async () => (kernel = await kernelBytes));

const SIZE = 2;
const ALL = new Array<boolean>(5).fill(true);
const hyperparameters = {
  ...settingsOf("lstm-ppo-plus", "corrected").hyperparameters,
  learningRate: 1e-2,
  // Each step for itself: what it brings is told by its own reward.
  discount: 0,
  entropyCoefficient: 0,
  sequenceSteps: 8,
  minibatchSteps: 32,
  epochs: 6,
  targetKl: null,
};
const options = { hyperparameters, statistics: null, seed: 1 };

for (const lstm of [8, null]) {
  const changed = { ...options, hyperparameters: { ...hyperparameters, sequenceSteps: lstm === null ? 1 : 8 } };
  const anEngine = (): Engine => {
    const spec = { observationSize: SIZE, hidden: [8], lstm, actions: 5 };
    return createWasmEngine(kernel, spec, initialWeights(spec, seededRandom(3)));
  };
  const probability = (engine: Engine, action: number) =>
    Math.exp(logProbabilities(engine.step(new Float32Array(SIZE), null).logits, null)[action]!);

  /** Actions 0 and 4 by turns; 4 brings 1, 0 brings nothing. */
  const steps = (count: number, change: (t: number) => Partial<LiveStep> = () => ({})): LiveStep[] =>
    Array.from({ length: count }, (_, t) => ({
      observation: [0, 0],
      actionMask: ALL,
      action: t % 2 === 0 ? 4 : 0,
      logProbability: null,
      reward: t % 2 === 0 ? 1 : 0,
      isStart: t === 0,
      ...change(t),
    }));

  describe(`a live update ${lstm === null ? "without" : "with"} lstmState`, () => {
    test("makes what paid likelier, and what did not unlikelier", () => {
      const engine = anEngine();
      const before = [probability(engine, 4), probability(engine, 0)];
      const report = liveUpdate(engine, steps(61), changed);
      assert.ok(probability(engine, 4) > before[0]! + 0.02, `${before[0]} → ${probability(engine, 4)}`);
      assert.ok(probability(engine, 0) < before[1]! - 0.01, `${before[1]} → ${probability(engine, 0)}`);
      // The last one has no next observation to compare with.
      assert.deepEqual([report.steps, report.counted, report.epochs], [61, 60, 6]);
    });

    test("what others did is no lesson: steps without an action change nothing, whatever they brought", () => {
      const first = anEngine();
      const second = anEngine();
      liveUpdate(
        first,
        steps(40, (t) => (t >= 20 ? { action: null, reward: 0 } : {})),
        changed,
      );
      liveUpdate(
        second,
        steps(40, (t) => (t >= 20 ? { action: null, reward: -1_000 } : {})),
        changed,
      );
      assert.deepEqual(first.getWeights(), second.getWeights());
    });

    test("with nothing to learn from the weights stay", () => {
      const engine = anEngine();
      const before = engine.getWeights();
      for (const none of [[], steps(1), steps(5, () => ({ action: null }))]) {
        const report = liveUpdate(engine, none, changed);
        assert.deepEqual([report.counted, report.epochs, report.approxKl], [0, 0, null]);
      }
      assert.deepEqual(engine.getWeights(), before);
    });

    test("the same steps and seed give the same bits", () => {
      const learn = () => {
        const engine = anEngine();
        liveUpdate(
          engine,
          steps(50, (t) => ({ isStart: t % 20 === 0 })),
          changed,
        );
        return engine.getWeights();
      };
      assert.deepEqual(learn(), learn());
    });

    test("it stops when the policy has moved far enough", () => {
      const report = liveUpdate(anEngine(), steps(61), {
        ...changed,
        hyperparameters: { ...changed.hyperparameters, targetKl: 1e-9 },
      });
      assert.ok(report.epochs < 6, String(report.epochs));
    });
  });
}
