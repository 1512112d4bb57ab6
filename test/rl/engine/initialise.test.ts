import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#shared/core/random.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { weightShapes } from "#shared/rl/engine/network.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { FULL, ODD } from "#test/support/engine/samples.ts";

const named = (spec: typeof ODD, seed: number) => {
  const weights = initialWeights(spec, seededRandom(seed));
  return new Map(weightShapes(spec).map(({ name }, i) => [name, weights[i]!]));
};

test("same seed, same first weights, byte by byte; another seed, others", () => {
  assert.deepEqual(named(ODD, 1), named(ODD, 1));
  assert.notDeepEqual(named(ODD, 1), named(ODD, 2));
});

test("the full network has 334,918 weights in the checkpoint's order", () => {
  const weights = named(FULL, 1);
  assert.equal(
    [...weights.values()].reduce((sum, tensor) => sum + tensor.length, 0),
    334_918,
  );
  assert.deepEqual(
    [...weights.keys()],
    [
      ...["enc1/kernel", "enc1/bias", "enc2/kernel", "enc2/bias"],
      ...["lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"],
      ...["actor/kernel", "actor/bias", "critic/kernel", "critic/bias"],
    ],
  );
});

for (const { name, tensor, rows, gain } of [
  { name: "a wide dense kernel has orthogonal rows of length √2", tensor: "enc1/kernel", rows: 7, gain: Math.SQRT2 },
  { name: "a square one too", tensor: "enc2/kernel", rows: 64, gain: Math.SQRT2 },
  { name: "the actor's columns have length 0.01", tensor: "actor/kernel", rows: 256, gain: 0.01 },
  { name: "the critic's column has length 1", tensor: "critic/kernel", rows: 256, gain: 1 },
]) {
  test(name, () => assertOrthogonal(named(FULL, 3).get(tensor)!, rows, gain));
}

test("each recurrent gate is orthogonal", () => {
  const recurrent = named(ODD, 4).get("lstm/recurrent_kernel")!;
  for (let gate = 0; gate < 4; gate++) {
    const square = recurrent.filter((_, at) => Math.floor((at % 52) / 13) === gate);
    assertOrthogonal(square, 13, 1);
  }
});

test("the forget gate's bias is 1, all others are 0, and the LSTM kernel lies within Glorot's limit", () => {
  const weights = named(ODD, 5);
  assert.deepEqual(
    weights.get("lstm/bias"),
    Float32Array.from({ length: 52 }, (_, at) => (at >= 13 && at < 26 ? 1 : 0)),
  );
  assert.ok(weights.get("enc1/bias")!.every((bias) => bias === 0));
  const limit = Math.sqrt(6 / (9 + 52));
  const kernel = weights.get("lstm/kernel")!;
  assert.ok(kernel.every((weight) => Math.abs(weight) <= limit));
  assert.ok(kernel.some((weight) => Math.abs(weight) > 0.9 * limit));
});

for (const { name, spec, says } of [
  { name: "no layer", spec: { ...ODD, hidden: [] }, says: /hidden must have 1 to 8 layers, had: '0'/ },
  { name: "half a unit", spec: { ...ODD, lstm: 1.5 }, says: /lstm must be a whole number from 1 to 4096, was: '1.5'/ },
  { name: "too large a layer", spec: { ...ODD, hidden: [4, 1e9] }, says: /hidden\[1\] must be .*, was: '1000000000'/ },
]) {
  test(`refuses a network with ${name}`, () => {
    assert.throws(
      () => initialWeights(spec, seededRandom(1)),
      (thrown) => thrown instanceof BadInputError && says.test(thrown.message),
    );
  });
}

/** The shorter side's vectors: pairwise orthogonal, each of length `gain`. */
function assertOrthogonal(matrix: Float32Array, rows: number, gain: number): void {
  const columns = matrix.length / rows;
  const byRow = rows <= columns;
  const count = Math.min(rows, columns);
  const at = (vector: number, i: number) => (byRow ? matrix[vector * columns + i]! : matrix[i * columns + vector]!);
  for (let a = 0; a < count; a++) {
    for (let b = a; b < count; b++) {
      let product = 0;
      for (let i = 0; i < Math.max(rows, columns); i++) product += at(a, i) * at(b, i);
      const want = a === b ? gain * gain : 0;
      assert.ok(Math.abs(product - want) < 1e-5 * gain * gain, `${a}·${b}: ${product}, not ${want}`);
    }
  }
}
