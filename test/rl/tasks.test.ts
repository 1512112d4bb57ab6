import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_CHANGE } from "#shared/task/actions/change.ts";
import { box, discrete, type Environment, type ResetOptions } from "#shared/task/environment.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { MeasuredWindow, MetricsWindow } from "#shared/core/window.ts";
import { comparedWith } from "#shared/task/environment/baseline-rewards.ts";
import { scalingTask, type RequestOf, type ScalingFacts } from "#shared/task/scaling-task.ts";
import { plainTraceLoad, scaledTraceLoad, syntheticLoad, type TrainingTrace } from "#shared/traces/training-loads.ts";
import { countingEnvironment } from "#test/learning/environments.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";

/** An environment that shows the given windows one by one, and notes what was done. */
function scripted(windows: readonly Partial<MeasuredWindow>[]) {
  const actions: number[] = [];
  const requests: number[] = [];
  const seen: ResetOptions<string>[] = [];
  let requestOf: RequestOf | undefined;
  let at = 0;
  const facts = (): ScalingFacts => {
    const window: MetricsWindow = aWindow({ seq: at + 1, ...windows[at] });
    return { actionMask: Uint8Array.of(0, 1, 1, 1, 1), window, ok: 50, failed: 5, late: 5, replicaSeconds: 90 };
  };
  const environment: Environment<ScalingFacts, string> = {
    id: "test/Scripted-v0",
    observationSpace: box([0], [1]),
    actionSpace: discrete(5),
    reset(options = {}) {
      at = 0;
      seen.push(options);
      return { observation: Float32Array.of(0), info: facts() };
    },
    step(action) {
      actions.push(action);
      if (requestOf) requests.push(requestOf(action, 2));
      at++;
      const truncated = at === windows.length - 1;
      return { observation: Float32Array.of(0), reward: 10 ** at, terminated: false, truncated, info: facts() };
    },
  };
  const make = (given: RequestOf | undefined) => {
    requestOf = given;
    return environment;
  };
  return { make, actions, requests, seen };
}

const plain = {
  managed: aManaged(),
  layout: "plus-8",
  reward: "environment",
  actions: "change",
  options: "said",
} as const;

test("scaling task: observes in the agent's layout, and says its options at each reset", () => {
  const world = scripted([{ arrivals: 7 }, { arrivals: 9 }]);
  const task = scalingTask(world.make, plain);
  assert.equal(task.reset({ seed: 4 }).observation[2], 7);
  assert.deepEqual(world.seen, [{ seed: 4, options: "said" }]);
  const { observation, reward, truncated, info } = task.step(3);
  assert.deepEqual([observation[2], reward, truncated, info.actionMask[0]], [9, 10, true, 0]);
});

test("scaling task: windows that cannot be decided on are held, and their rewards added up", () => {
  const blind = { arrivals: null };
  const world = scripted([blind, {}, blind, blind, { arrivals: 3 }, {}]);
  const task = scalingTask(world.make, plain);
  task.reset();
  const { observation, reward } = task.step(4);
  assert.equal(observation[2], 3);
  assert.equal(reward, 100 + 1000 + 10_000);
  assert.deepEqual(world.actions, [NO_CHANGE, 4, NO_CHANGE, NO_CHANGE]);
});

test("scaling task: an episode may end in the dark", () => {
  const task = scalingTask(scripted([{}, { arrivals: null }]).make, plain);
  task.reset();
  const { observation, truncated } = task.step(2);
  assert.ok(truncated);
  assert.deepEqual([...observation], new Array(8).fill(0));
});

test("scaling task: the product's reward, in the load's own measure, and headroom above it", () => {
  // Two replicas half busy with 2 rps: 10 / 7 replicas at 70 %.
  const world = scripted([{}, {}, {}]);
  const task = scalingTask(world.make, { ...plain, layout: "replicant-24", reward: "product", actions: "headroom" });
  assert.deepEqual([...task.reset().info.actionMask], [1, 1, 1, 1, 1]);
  const need = 1 / 0.7;
  const { reward } = task.step(3);
  assert.deepEqual(world.requests, [Math.ceil(2.5 * need)]);
  const want = -(25 * (10 / 55) * need + 3) / (20 * (need + 1));
  assert.ok(Math.abs(reward - want) < 1e-9, `was ${reward}, not ${want}`);
});

test("compared rewards: what the steady hand gains on the same load falls out", () => {
  const seeds: unknown[] = [];
  const noted = (gain: number): Environment => {
    const inner = countingEnvironment("truncated");
    return {
      ...inner,
      reset: (options) => (seeds.push(options?.seed), inner.reset(options)),
      step: (action) => ({ ...inner.step(action), reward: gain * action }),
    };
  };
  const compared = comparedWith(noted(10), noted(3), 1);
  compared.reset({ seed: "s" });
  assert.deepEqual(seeds, ["s", "s"]);
  assert.equal(compared.step(1).reward, 7);
  assert.equal(compared.step(0).reward, -3);
  assert.ok(compared.step(1).truncated);
  compared.reset();
  assert.equal(compared.step(1).reward, 7);
});

const counts = Array.from({ length: 200 }, (_, i) => (i % 10 === 0 ? 60 : 6));
const trace: TrainingTrace = {
  trace: { kind: "binned", format: "counts-30s", name: "pulses", binSeconds: 30, counts },
  rateScale: 2,
};
const ask = (seed: number, seconds = 3000) => ({
  random: seededRandom(seed),
  seconds,
  rpsPerReplica: 0.5,
  workCv: 0.3,
});

test("loads: the same chance gives the same load, another another", () => {
  for (const load of [plainTraceLoad([trace]), scaledTraceLoad([trace]), syntheticLoad]) {
    assert.deepEqual(load(ask(1)), load(ask(1)));
    assert.notDeepEqual(load(ask(1)).offsetSeconds, load(ask(2)).offsetSeconds);
    assert.equal(load(ask(1)).durationSeconds, 3000);
  }
});

test("loads: a trace as it is keeps its rates; a short one begins again", () => {
  const { offsetSeconds } = plainTraceLoad([trace])(ask(3, 12_000));
  // 400 windows of 11.4 on the average, twice.
  assert.ok(Math.abs(offsetSeconds.length / (400 * 11.4 * 2) - 1) < 0.05);
});

test("loads: scaled to the replicas that they need, never more than the function may have", () => {
  for (const load of [scaledTraceLoad([trace]), syntheticLoad]) {
    const needs = Array.from({ length: 60 }, (_, seed) => {
      const { offsetSeconds } = load(ask(seed));
      const windows = new Float64Array(100);
      for (const offset of offsetSeconds) windows[Math.floor(offset / 30)]!++;
      // Poisson counts: ten windows' mean is near the rate that was meant.
      const means = Array.from(
        { length: 10 },
        (_, i) => windows.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b) / 10,
      );
      assert.ok(Math.max(...means) / 30 / 0.5 < 23);
      return offsetSeconds.length / 3000 / 0.5;
    });
    assert.ok(Math.min(...needs) < 1 && Math.max(...needs) > 3, `${Math.min(...needs)}…${Math.max(...needs)}`);
  }
});
