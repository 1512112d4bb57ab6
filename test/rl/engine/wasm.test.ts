import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { StartThread } from "#shared/core/threads.ts";
import { ADAM_DEFAULTS, LOSS_DEFAULTS, type Engine, type Minibatch } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { JOB } from "#shared/rl/engine/wasm/structs.ts";
import { eventually } from "#test/support/eventually.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { referenceLoss } from "#test/support/engine/reference.ts";
import {
  FEED_FORWARD,
  FULL,
  inDoubles,
  ODD,
  relativeL2,
  someMinibatch,
  someWeights,
} from "#test/support/engine/samples.ts";

const options = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };
const wide = { ...ODD, hidden: [32, 24], lstm: 40 };

function update(engine: Engine, minibatch: Minibatch): void {
  engine.forwardBackward(minibatch, options);
  engine.adam(ADAM_DEFAULTS);
}

test("gradients of the network in its full size stay within 1e-6 of Float64, tensor by tensor", async () => {
  const weights = someWeights(FULL, 1);
  const minibatch = someMinibatch(FULL, { steps: 24, sequences: 5, seed: 2, masks: true });
  const engine = createWasmEngine(await kernelBytes, FULL, weights);
  engine.forwardBackward(minibatch, options);
  const want = referenceLoss(FULL, inDoubles(weights), minibatch, options).gradients();
  const errors = engine.getGradients().map((tensor, i) => relativeL2(tensor, want[i]!));
  assert.ok(Math.max(...errors) <= 1e-6, errors.join(" "));
  engine.close();
});

for (const { name, spec, steps, sequences } of [
  { name: "LSTM", spec: wide, steps: 16, sequences: 14 },
  { name: "LSTM, fewer sequences than threads", spec: wide, steps: 40, sequences: 3 },
  { name: "plain network", spec: FEED_FORWARD, steps: 1, sequences: 128 },
]) {
  test(`one thread, two and four come to the same bytes: ${name}`, async () => {
    const kernel = await kernelBytes;
    const minibatch = someMinibatch(spec, { steps, sequences, seed: 3, masks: true });
    const outcomes = [0, 1, 3].map((count) => {
      const helpers = { count, startThread: startWorkerThread };
      const engine = createWasmEngine(kernel, spec, someWeights(spec, 4), helpers);
      for (let step = 0; step < 20; step++) update(engine, minibatch);
      const outcome = { weights: engine.getWeights(), forward: engine.forwardSequence(minibatch) };
      engine.close();
      return outcome;
    });
    assert.deepEqual(outcomes[1], outcomes[0]);
    assert.deepEqual(outcomes[2], outcomes[0]);
  });
}

test("helpers do take shards", async () => {
  let shared: { readonly memory: { readonly buffer: SharedArrayBuffer }; readonly job: number } | undefined;
  const startThread: StartThread = (source, data) => {
    shared = data as typeof shared;
    return startWorkerThread(source, data);
  };
  const engine = createWasmEngine(await kernelBytes, wide, someWeights(wide, 5), { count: 1, startThread });
  const minibatch = someMinibatch(wide, { steps: 32, sequences: 16, seed: 6 });
  // The first word of a thread's scratch says how many rows its last shard had: 32 steps of 4 sequences.
  const rowsOfHelper = () => {
    const words = new Uint32Array(shared!.memory.buffer);
    const field = (name: (typeof JOB)[number]) => words[(shared!.job >> 2) + JOB.indexOf(name)]!;
    return words[(field("scratch") + field("scratchBytes")) >> 2];
  };
  await eventually(
    () => {
      update(engine, minibatch);
      return rowsOfHelper() === 128;
    },
    { timeoutMs: 20_000, what: "a shard computed by the helper" },
  );
  engine.close();
});

test("a step's answer does not depend on who else is in the batch", async () => {
  const engine = createWasmEngine(await kernelBytes, wide, someWeights(wide, 7));
  const { observations, initialState } = someMinibatch(wide, { steps: 1, sequences: 11, seed: 8 });
  const together = engine.step(observations, initialState);
  for (let b = 0; b < 11; b++) {
    const cut = (from: Float32Array, width: number) => from.slice(b * width, (b + 1) * width);
    const state = { h: cut(initialState!.h, 40), c: cut(initialState!.c, 40) };
    const alone = engine.step(cut(observations, 7), state);
    assert.deepEqual(alone.logits, cut(together.logits, 5));
    assert.deepEqual(alone.state!.h, cut(together.state!.h, 40));
  }
  engine.close();
});

test("1,000 updates of changing shapes hold no more memory than the first of each", async () => {
  const engine = createWasmEngine(await kernelBytes, ODD, someWeights(ODD, 9));
  const shapes = [
    { steps: 9, sequences: 7 },
    { steps: 1, sequences: 40 },
    { steps: 20, sequences: 2 },
  ].map((shape) => someMinibatch(ODD, { ...shape, seed: 10 }));
  shapes.forEach((minibatch) => update(engine, minibatch));
  const before = engine.heldBytes();
  for (let step = 0; step < 1_000; step++) update(engine, shapes[step % shapes.length]!);
  assert.equal(engine.heldBytes(), before);
  assert.ok(engine.getWeights().every((tensor) => tensor.every(Number.isFinite)));
  engine.close();
});

for (const { name, steps } of [
  { name: "does not fit", steps: 200_000 },
  { name: "would wrap around 32 bits", steps: 500_000 },
]) {
  test(`a batch that ${name} is refused, and the engine goes on`, async () => {
    const engine = createWasmEngine(await kernelBytes, FULL, someWeights(FULL, 11));
    const observations = new Float32Array(steps * 7);
    const episodeStarts = new Uint8Array(steps);
    assert.throws(
      () => engine.forwardSequence({ steps, sequences: 1, observations, episodeStarts, initialState: null }),
      (thrown) =>
        thrown instanceof BadInputError && /network and batch need \d+ MiB of the wasm engine/.test(thrown.message),
    );
    assert.equal(engine.step(new Float32Array(7), null).values.length, 1);
    engine.close();
  });
}
