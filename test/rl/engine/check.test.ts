import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BadInputError } from "#shared/core/errors.ts";
import { LOSS_DEFAULTS, type LossOptions, type Minibatch } from "#shared/rl/engine/types.ts";
import { ENGINES } from "#test/support/engine/engines.ts";
import { ODD, someMinibatch, someWeights } from "#test/support/engine/samples.ts";

interface Asked {
  readonly minibatch: Minibatch;
  readonly options: LossOptions;
}

const REFUSALS: readonly { readonly name: string; readonly spoil: (asked: Asked) => Asked; readonly says: RegExp }[] = [
  {
    name: "an observation that is NaN",
    spoil: ({ minibatch, options }) => {
      minibatch.observations[5] = NaN;
      return { minibatch, options };
    },
    says: /observations\[5\] must be a finite number, was: 'NaN'/,
  },
  {
    name: "an infinite advantage",
    spoil: ({ minibatch, options }) => ({
      minibatch: { ...minibatch, advantages: minibatch.advantages.map(() => Infinity) },
      options,
    }),
    says: /advantages\[0\] must be a finite number, was: 'Infinity'/,
  },
  {
    name: "a memory of the wrong size",
    spoil: ({ minibatch, options }) => ({
      minibatch: { ...minibatch, initialState: { ...minibatch.initialState!, h: new Float32Array(3) } },
      options,
    }),
    says: /state\.h must have 78 numbers, had: '3'/,
  },
  {
    name: "an action that does not exist",
    spoil: ({ minibatch, options }) => ({
      minibatch: { ...minibatch, actions: minibatch.actions.map(() => 5) },
      options,
    }),
    says: /actions\[0\] must be from 0 to 4, was: '5'/,
  },
  {
    name: "an action that was forbidden",
    spoil: ({ minibatch, options }) => ({
      minibatch: { ...minibatch, actionMasks: new Uint8Array(minibatch.actions.length * 5) },
      options,
    }),
    says: /actions\[0\] is '\d', which actionMasks forbids/,
  },
  {
    name: "masks that leave nothing",
    spoil: ({ minibatch, options }) => ({
      minibatch: { ...minibatch, masks: new Uint8Array(minibatch.actions.length) },
      options,
    }),
    says: /masks leave no row that counts/,
  },
  {
    name: "a clip range that is NaN",
    spoil: ({ minibatch, options }) => ({ minibatch, options: { ...options, clipRange: NaN } }),
    says: /clipRange must be a finite number of at least 0, was: 'NaN'/,
  },
];

for (const { name: engineName, create } of ENGINES) {
  describe(`the door of engine ${engineName}`, () => {
    for (const { name, spoil, says } of REFUSALS) {
      test(`refuses ${name}, and nothing changes`, async () => {
        const engine = await create(ODD, someWeights(ODD, 22));
        const spoilt = spoil({
          minibatch: someMinibatch(ODD, { steps: 9, sequences: 6, seed: 1 }),
          options: LOSS_DEFAULTS,
        });
        assert.throws(() => engine.forwardBackward(spoilt.minibatch, spoilt.options), badInput(says));
        assert.deepEqual(engine.getWeights(), someWeights(ODD, 22));
        assert.ok(engine.getGradients().every((tensor) => tensor.every((g) => g === 0)));
        engine.close();
      });
    }

    test("refuses weights and moments that do not fit", async () => {
      const engine = await create(ODD, someWeights(ODD, 23));
      const weights = [...someWeights(ODD, 23)];
      weights[4] = weights[4]!.slice().fill(Infinity, 3, 4);
      assert.throws(() => engine.setWeights(weights), badInput(/weights lstm\/kernel\[3\] .* 'Infinity'/));
      assert.throws(() => engine.setWeights(weights.slice(1)), badInput(/11 tensors, were: '10'/));
      const { firstMoments, secondMoments } = engine.getOptimiser();
      const negative = secondMoments.map((tensor) => tensor.map(() => -1));
      assert.throws(
        () => engine.setOptimiser({ step: 1, firstMoments, secondMoments: negative }),
        badInput(/second moments enc1\/kernel\[0\] must be at least 0, was: '-1'/),
      );
      assert.throws(() => engine.step(new Float32Array(8), null), badInput(/rows of 7 numbers, had: '8'/));
      engine.close();
    });
  });
}

function badInput(says: RegExp) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof BadInputError, String(thrown));
    assert.match(thrown.message, says);
    return true;
  };
}
