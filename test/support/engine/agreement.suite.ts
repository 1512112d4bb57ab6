/** TensorFlow.js beside the wasm engine, on whichever backend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ADAM_DEFAULTS, LOSS_DEFAULTS } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import type { EngineUnderTest } from "./engines.ts";
import { FEED_FORWARD, ODD, relativeL2, someMinibatch, someWeights } from "./samples.ts";

const options = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };

export function agreementSuite({ name: tfjsName, create: createTfjs }: EngineUnderTest): void {
  for (const { name, spec, steps, sequences } of [
    { name: "LSTM", spec: ODD, steps: 8, sequences: 9 },
    { name: "plain network", spec: FEED_FORWARD, steps: 1, sequences: 64 },
  ]) {
    test(`wasm and ${tfjsName} learn the same: thirty updates, ${name}`, async () => {
      const wasm = createWasmEngine(await kernelBytes, spec, someWeights(spec, 1));
      const tfjs = await createTfjs(spec, someWeights(spec, 1));
      for (let step = 0; step < 30; step++) {
        const minibatch = someMinibatch(spec, { steps, sequences, seed: step, masks: true, actionMasks: true });
        const [a, b] = [wasm.forwardBackward(minibatch, options), tfjs.forwardBackward(minibatch, options)];
        assert.ok(Math.abs(a.totalLoss - b.totalLoss) < 1e-4, `step ${step}: ${a.totalLoss} and ${b.totalLoss}`);
        for (const engine of [wasm, tfjs]) engine.adam(ADAM_DEFAULTS);
      }
      const [weights, others] = [wasm.getWeights(), tfjs.getWeights()];
      weights.forEach((tensor, i) => assert.ok(relativeL2(tensor, others[i]!) < 1e-5));
      [wasm, tfjs].forEach((engine) => engine.close());
    });
  }

  test(`${tfjsName} holds no more tensors after 100 updates than after one, and none after its end`, async () => {
    const spec = { ...ODD, hidden: [5], lstm: 4 };
    const other = await createTfjs(spec, someWeights(spec, 2));
    const withoutIt = other.heldBytes();
    const engine = await createTfjs(spec, someWeights(spec, 2));
    const minibatch = someMinibatch(spec, { steps: 4, sequences: 3, seed: 3 });
    const update = () => {
      engine.forwardBackward(minibatch, options);
      engine.forwardBackward(minibatch, options);
      engine.adam(ADAM_DEFAULTS);
      engine.step(minibatch.observations.subarray(0, 7), null);
    };
    update();
    const before = engine.heldBytes();
    for (let step = 0; step < 100; step++) update();
    assert.equal(engine.heldBytes(), before);
    engine.close();
    assert.equal(other.heldBytes(), withoutIt);
    other.close();
  });
}
