import assert from "node:assert/strict";
import { test } from "node:test";
import { weightShapes } from "#shared/rl/engine/network.ts";
import { LOSS_DEFAULTS } from "#shared/rl/engine/types.ts";
import { referenceLoss } from "#test/support/engine/reference.ts";
import { FEED_FORWARD, inDoubles, ODD, relativeL2, someMinibatch, someWeights } from "#test/support/engine/samples.ts";

const options = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };

for (const { name, spec, steps, sequences } of [
  { name: "LSTM with resets inside sequences", spec: { ...ODD, hidden: [5, 4], lstm: 3 }, steps: 6, sequences: 3 },
  { name: "plain network", spec: FEED_FORWARD, steps: 1, sequences: 12 },
]) {
  test(`reference gradient equals central differences of every weight: ${name}`, () => {
    const weights = inDoubles(someWeights(spec, 5));
    const minibatch = someMinibatch(spec, { steps, sequences, seed: 6, masks: true, actionMasks: true });
    assert.ok(spec.lstm === null || minibatch.episodeStarts.subarray(sequences).includes(1), "a reset inside");
    const totalLoss = () => referenceLoss(spec, weights, minibatch, options).report.totalLoss;
    const gradients = referenceLoss(spec, weights, minibatch, options).gradients();

    const step = 1e-5;
    weightShapes(spec).forEach((shape, i) => {
      const tensor = weights[i]!;
      const differences = tensor.map((_, at) => {
        const kept = tensor[at]!;
        tensor[at] = kept + step;
        const above = totalLoss();
        tensor[at] = kept - step;
        const below = totalLoss();
        tensor[at] = kept;
        return (above - below) / (2 * step);
      });
      const error = relativeL2(gradients[i]!, differences);
      assert.ok(error < 1e-6, `${shape.name}: ${error}`);
    });
  });
}
