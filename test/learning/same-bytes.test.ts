/** The same training is the same bytes: again, cut in two by a checkpoint, and however sequences are gone through. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { ADAM_DEFAULTS, LOSS_DEFAULTS } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { refreshedLstmStates } from "#shared/rl/refresh.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import { Shard } from "#shared/rl/rollout/shard.ts";
import { AGENT_NAMES, type AgentName, settingsOf } from "#shared/rl/agents.ts";
import { freshState, type TrainingState } from "#shared/rl/training.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { liveBytes } from "#test/support/live-bytes.ts";
import { countingEnvironment, identityEnvironment, memoryEnvironment } from "#test/support/learning/environments.ts";
import { SMALL, SMALL_MEMORY, smallEngine, trained } from "#test/support/learning/train.ts";

const change = (agent: AgentName) => ({
  ...(agent === "ppo" ? SMALL : SMALL_MEMORY),
  normaliseObservations: true,
  refreshMemory: true,
});

for (const agent of AGENT_NAMES) {
  test(`same bytes: ${agent} twice with one seed, and otherwise with another`, async () => {
    const run = (seed: number) =>
      trained(agent, () => identityEnvironment(3, 7), { totalSteps: 600, seed, change: change(agent) });
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    assert.deepEqual(again.engine.getWeights(), first.engine.getWeights());
    assert.deepEqual(again.rounds, first.rounds);
    assert.notDeepEqual(other.engine.getWeights(), first.engine.getWeights());
  });

  test(`same bytes: ${agent} goes on where it stood as if it had never stopped`, async () => {
    const hyperparameters = { ...settingsOf(agent, "corrected").hyperparameters, ...change(agent) };
    // Seven steps an episode: rounds end in the middle of episodes, with state and place to be found again.
    const makeEnvironment = () => identityEnvironment(3, 7);
    const whole = await trained(agent, makeEnvironment, { totalSteps: 640, seed: 4, change: change(agent) });

    let engine = await smallEngine(hyperparameters, makeEnvironment(), 4);
    let state: TrainingState = freshState(hyperparameters, 3);
    let rounds = 0;
    while (state.steps < 640) {
      // A new process each round: only what a checkpoint holds is carried over.
      const fresh = createWasmEngine(await kernelBytes, engine.spec, engine.getWeights());
      fresh.setOptimiser(engine.getOptimiser());
      engine = fresh;
      const environments = hyperparameters.environments;
      const collector = localCollector({ engine, environments, seed: 4, makeEnvironment });
      state = JSON.parse(JSON.stringify(state, floatsAsLists)) as TrainingState;
      if (state.places !== null) {
        await collector.restore(
          state.places.map(({ environments: places, lstmState }) => ({
            environments: places,
            lstmState: lstmState && { h: Float32Array.from(lstmState.h), c: Float32Array.from(lstmState.c) },
          })),
        );
      }
      const training = trainPpo({ engine, collector, hyperparameters, seed: 4, totalSteps: 640, from: state });
      const { value } = await training.next();
      assert.ok(value);
      assert.deepEqual(value.report, whole.rounds[rounds++]!.report);
      state = value.state;
    }
    assert.deepEqual(engine.getWeights(), whole.engine.getWeights());
    assert.deepEqual(engine.getOptimiser(), whole.engine.getOptimiser());
  });
}

function floatsAsLists(_key: string, value: unknown): unknown {
  return value instanceof Float32Array ? Array.from(value) : value;
}

test("same bytes: what was played step by step is what the sequences say", async () => {
  const spec = { observationSize: 2, hidden: [16], lstm: 16, actions: 2 };
  const weights = initialWeights(spec, seededRandom(9));
  const engine = createWasmEngine(await kernelBytes, spec, weights);
  const shard = new Shard([memoryEnvironment(3), memoryEnvironment(5)], 1, 0);
  const order = { round: 0, steps: 20, sequenceSteps: 4, statistics: null, maskActions: false };
  shard.collect(engine, order);
  const { rollout } = shard.collect(engine, { ...order, round: 1 });
  const { values } = engine.forwardSequence({
    steps: 20,
    sequences: 2,
    observations: rollout.observations,
    episodeStarts: rollout.episodeStarts,
    initialState: rollout.lstmStates![0]!,
  });
  values.forEach((value, row) => assert.ok(Math.abs(value - rollout.values[row]!) < 1e-5));

  // With the weights unchanged, states computed again are those that were written down.
  refreshedLstmStates(engine, rollout, 4).forEach(({ h, c }, i) => {
    h.forEach((value, j) => assert.ok(Math.abs(value - rollout.lstmStates![i]!.h[j]!) < 1e-5));
    c.forEach((value, j) => assert.ok(Math.abs(value - rollout.lstmStates![i]!.c[j]!) < 1e-5));
  });
});

test("rollouts: a truncated step is worth its last observation, a terminated one is told apart", async () => {
  const spec = { observationSize: 2, hidden: [8], lstm: 8, actions: 2 };
  const engine = createWasmEngine(await kernelBytes, spec, initialWeights(spec, seededRandom(2)));
  const cut = smallRollout(engine, "truncated");
  const ended = smallRollout(engine, "terminated");
  assert.deepEqual([...cut.truncated], [0, 0, 1, 0, 0, 1]);
  assert.deepEqual([...ended.terminated], [0, 0, 1, 0, 0, 1]);
  // Within an episode the next value is the next step's; at its end it is that of what was seen last, with the state kept.
  assert.equal(cut.nextValues[0], cut.values[1]);
  let state = null;
  let value = NaN;
  for (const seen of [0, 1, 2, 3]) {
    const result = engine.step(Float32Array.of(seen, 1), state);
    state = result.state;
    value = result.values[0]!;
  }
  assert.ok(Math.abs(cut.nextValues[2]! - value) < 1e-6);
  assert.notEqual(cut.nextValues[2], cut.values[3]);
});

function smallRollout(engine: Parameters<Shard["collect"]>[0], ends: "terminated" | "truncated") {
  const shard = new Shard([countingEnvironment(ends)], 1, 0);
  return shard.collect(engine, { round: 0, steps: 6, sequenceSteps: 3, statistics: null, maskActions: false }).rollout;
}

test("learning: a thousand updates leave no memory behind", async () => {
  const { engine } = await trained("lstm-ppo-plus", () => identityEnvironment(4), {
    totalSteps: 1_024,
    seed: 1,
    change: SMALL_MEMORY,
  });
  const shard = new Shard([identityEnvironment(4)], 1, 0);
  const order = { round: 0, steps: 4, sequenceSteps: 4, statistics: null, maskActions: false };
  const { rollout } = shard.collect(engine, order);
  const minibatch = {
    ...rollout,
    sequences: 1,
    oldLogProbs: rollout.logProbs,
    advantages: rollout.rewards,
    returns: rollout.rewards,
    masks: null,
    initialState: null,
  };
  const update = () => {
    shard.collect(engine, order);
    engine.forwardBackward(minibatch, LOSS_DEFAULTS);
    engine.adam(ADAM_DEFAULTS);
  };
  for (let i = 0; i < 100; i++) update();
  const before = liveBytes();
  for (let i = 0; i < 1_000; i++) update();
  const grown = liveBytes() - before;
  assert.ok(grown < 4 * 2 ** 20, `grown by ${grown} bytes`);
});
