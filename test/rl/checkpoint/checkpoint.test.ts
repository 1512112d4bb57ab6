import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { networkOf, settingsOf } from "#shared/rl/agents.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint, CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";

const settings = settingsOf("lstm-ppo-plus", "product");
const hyperparameters = { ...settings.hyperparameters, hidden: [8], lstm: 8 };
const network = networkOf({ ...settings, hyperparameters });
const weights = initialWeights(network, seededRandom(1));
const statistics = { count: 9, mean: new Array<number>(24).fill(0.5), variance: new Array<number>(24).fill(2) };
const lstmState = { h: new Float32Array(16).fill(0.25), c: new Float32Array(16).fill(-1) };
const checkpoint: Checkpoint = {
  record: {
    settings: { ...settings, hyperparameters },
    network,
    statistics,
    seed: "7",
    steps: 4096,
    rounds: 2,
    totalSteps: 100_000,
    engine: "wasm",
    command: "replicant train --agent lstm-ppo-plus",
    traces: [
      { name: "seed", digest: "ab", selection: null },
      { name: "azure#row=3", digest: "cd", selection: "row=3" },
    ],
    early: { steps: 2048, digest: "ef" },
    evaluation: { violations: 0.1 },
  },
  weights,
  continuation: {
    optimiser: { step: 3, firstMoments: weights, secondMoments: weights.map((tensor) => tensor.map(Math.abs)) },
    state: {
      round: 2,
      steps: 4096,
      statistics,
      places: [
        {
          environments: [
            { episode: 3, actions: [0, 4, 2] },
            { episode: 5, actions: [] },
          ],
          lstmState,
        },
        { environments: [{ episode: 1, actions: [1] }], lstmState: null },
      ],
    },
  },
};
const good = encodeCheckpoint(checkpoint);

test("checkpoint: what was written is what is read", () => assert.deepEqual(decodeCheckpoint(good), checkpoint));

test("checkpoint: one without the optimiser serves, and does not go on", () => {
  const { "optimizer.bin": _left, ...shipped } = good;
  assert.deepEqual(decodeCheckpoint(shipped), { ...checkpoint, continuation: null });
});

test("checkpoint: every agent in every form", () => {
  for (const agent of ["ppo", "lstm-ppo", "lstm-ppo-plus"] as const) {
    for (const form of ["paper", "corrected", "product"] as const) {
      const of = settingsOf(agent, form);
      const spec = { ...networkOf(of), hidden: [8] };
      const one: Checkpoint = {
        record: { ...checkpoint.record, settings: of, network: spec, statistics: null },
        weights: initialWeights(spec, seededRandom(1)),
        continuation: null,
      };
      assert.deepEqual(decodeCheckpoint(encodeCheckpoint(one)), one);
    }
  }
});

const text = (name: string) => new TextDecoder().decode(good[name]);
const bytes = (value: string) => new TextEncoder().encode(value);
/** training.json or model.json with a piece of its text replaced. */
const edited = (name: string, from: string | RegExp, to: string) => {
  const after = text(name).replace(from, to);
  assert.notEqual(after, text(name));
  return { [name]: bytes(after) };
};
const withFloat = (name: string, index: number, value: number) => {
  const spoiled = good[name]!.slice();
  new DataView(spoiled.buffer).setFloat32(4 * index, value, true);
  return { [name]: spoiled };
};

for (const { name, change, message } of [
  { name: "no training.json", change: { "training.json": undefined }, message: /has no training\.json/ },
  { name: "no JSON", change: { "training.json": bytes("{") }, message: /training\.json: is not JSON/ },
  {
    name: "bytes that are no text",
    change: { "model.json": Uint8Array.of(0xff, 0xfe) },
    message: /model\.json: is not JSON/,
  },
  { name: "a list", change: { "training.json": bytes("[]") }, message: /must be an object/ },
  {
    name: "another format",
    change: edited("training.json", "replicant-checkpoint-1", "replicant-checkpoint-9"),
    message: /format must be 'replicant-checkpoint-1', was: 'replicant-checkpoint-9'/,
  },
  {
    name: "an unknown layout",
    change: edited("training.json", '"layout": "replicant-24"', '"layout": "replicant-99"'),
    message: /layout must be one of .*, was: 'replicant-99'/,
  },
  {
    name: "a layout that does not match",
    change: edited("training.json", '"layout": "replicant-24"', '"layout": "plus-7"'),
    message: /layout 'plus-7' has 7 numbers, the network takes '24'/,
  },
  {
    name: "an unknown agent",
    change: edited("training.json", '"agent": "lstm-ppo-plus"', '"agent": "dqn"'),
    message: /agent must be one of ppo, lstm-ppo, lstm-ppo-plus, was: 'dqn'/,
  },
  {
    name: "a network larger than any engine",
    change: edited("training.json", '"lstm": 8', '"lstm": 1000000000'),
    message: /lstm must be a whole number from 1 to 4096, was: '1000000000'/,
  },
  {
    name: "a network other than model.json's",
    change: edited("training.json", '"lstm": 8', '"lstm": 16'),
    message: /model\.json: modelTopology is not that of the network/,
  },
  {
    name: "weights in another folder",
    change: edited("model.json", '"weights.bin"', '"../../../etc/passwd"'),
    message: /model\.json: weightsManifest is not that of the network/,
  },
  {
    name: "another activation",
    change: edited("model.json", '"recurrent_activation": "sigmoid"', '"recurrent_activation": "hard_sigmoid"'),
    message: /model\.json: modelTopology/,
  },
  {
    name: "JSON nested without end",
    change: { "model.json": bytes(`{"modelTopology":${"[".repeat(200_000)}${"]".repeat(200_000)}}`) },
    message: /model\.json/,
  },
  {
    name: "a statistic that is no number",
    change: edited("training.json", '"count": 9', '"count": "nine"'),
    message: /normalisation\.count must be a number, was: 'nine'/,
  },
  {
    name: "a negative variance",
    change: edited("training.json", /"variance": \[\s*2/, '"variance": [-2'),
    message: /normalisation\.variance\[0\] must be at least 0, was: -2/,
  },
  {
    name: "too few statistics",
    change: edited("training.json", /"mean": \[\s*0\.5,/, '"mean": ['),
    message: /normalisation\.mean must have 24 numbers, had: '23'/,
  },
  {
    name: "an action nobody has",
    change: edited("training.json", /"actions": \[\s*0,\s*4/, '"actions": [0,5'),
    message: /actions\[1\] must be at most 4, was: 5/,
  },
  {
    name: "weights cut short",
    change: { "weights.bin": good["weights.bin"]!.slice(0, -4) },
    message: /weights\.bin: must have \d+ bytes for this network, had/,
  },
  {
    name: "a weight that is not a number",
    change: withFloat("weights.bin", 17, NaN),
    message: /weights\.bin: byte 68 .*'NaN'/,
  },
  {
    name: "an infinite weight",
    change: withFloat("weights.bin", 0, -Infinity),
    message: /weights\.bin: byte 0 .*'-Infinity'/,
  },
  {
    name: "moments cut short",
    change: { "optimizer.bin": good["optimizer.bin"]!.slice(8) },
    message: /optimizer\.bin: must have/,
  },
  {
    name: "a moment that is not a number",
    change: withFloat("optimizer.bin", 3, NaN),
    message: /optimizer\.bin: byte 12/,
  },
] as { name: string; change: Record<string, Uint8Array | undefined>; message: RegExp }[]) {
  test(`checkpoint: ${name} is refused by name`, () => {
    assert.throws(
      () => decodeCheckpoint({ ...good, ...change } as CheckpointFiles),
      (thrown) => thrown instanceof BadInputError && message.test(thrown.message),
    );
  });
}

test("checkpoint: whatever byte of the JSON is broken, it is refused or read, never thrown at", () => {
  const random = seededRandom(3);
  for (const name of ["training.json", "model.json"]) {
    for (let i = 0; i < 400; i++) {
      const spoiled = good[name]!.slice();
      spoiled[random.integer(spoiled.length)] = random.integer(256);
      try {
        decodeCheckpoint({ ...good, [name]: spoiled });
      } catch (thrown) {
        assert.ok(thrown instanceof BadInputError, String(thrown));
      }
    }
  }
});
