import assert from "node:assert/strict";
import { test } from "node:test";

import {
  box,
  boxContains,
  checkEnvironment,
  discrete,
  EnvironmentMisuseError,
  episodeStatistics,
  normaliseObservation,
  RunningStatistics,
  sampleBox,
  sampleDiscrete,
  timeLimit,
  vectorOf,
} from "#shared/task/environment.ts";
import type { BaseInfo, Environment } from "#shared/task/environment.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { Random } from "#shared/core/random.ts";

/** Walks on a line; the reward is the action; ends at ±`edge`. Broken in one way where a test wants it so. */
function walk({ edge = Infinity, breach = "" } = {}): Environment {
  let random: Random = seededRandom(0);
  let at = 0;
  let begun = false;
  const info = (): BaseInfo => ({ actionMask: Uint8Array.of(1, at < 3 ? 1 : 0) });
  const seen = () => Float32Array.of(breach === "space" ? 99 : at);
  return {
    id: breach === "id" ? "walk" : "test/Walk-v0",
    observationSpace: box([-10], [10]),
    actionSpace: discrete(2),
    reset({ seed } = {}) {
      if (seed !== undefined) random = seededRandom(breach === "chance" ? `${seed}${(calls += 1)}` : seed);
      at = random.next();
      begun = true;
      return { observation: seen(), info: info() };
    },
    step(action) {
      if (breach !== "misuse" && (!begun || !Number.isInteger(action) || action < 0 || action > 1)) {
        throw new EnvironmentMisuseError("no");
      }
      at = Math.max(-10, Math.min(10, at + action - 0.5 + random.next() * 0.1));
      const terminated = Math.abs(at) >= edge;
      if (terminated) begun = false;
      const extra = breach === "keys" && at > 1 ? { more: 1 } : {};
      const reward = breach === "reward" ? NaN : action;
      return { observation: seen(), reward, terminated, truncated: false, info: { ...info(), ...extra } };
    },
  };
}
let calls = 0;

test("environment: the checker finds nothing wrong with a good one", () => {
  assert.deepEqual(
    checkEnvironment(() => walk({ edge: 2 })),
    [],
  );
});

for (const { breach, want } of [
  { breach: "id", want: /the id 'walk'/ },
  { breach: "space", want: /must lie in its space/ },
  { breach: "keys", want: /same keys/ },
  { breach: "reward", want: /must be finite/ },
  { breach: "misuse", want: /must be refused/ },
  { breach: "chance", want: /same trajectory/ },
]) {
  test(`environment: the checker notices a breach of ${breach}`, () => {
    assert.match(checkEnvironment(() => walk({ edge: 2, breach })).join("\n"), want);
  });
}

test("environment: a time limit truncates and does not terminate; an end in the same step stays an end", () => {
  const limited = timeLimit(walk(), 3);
  limited.reset({ seed: 1 });
  const flags = [0, 1, 0].map((action) => limited.step(action)).map((r) => [r.terminated, r.truncated]);
  assert.deepEqual(flags, [
    [false, false],
    [false, false],
    [false, true],
  ]);
  const ending = timeLimit(walk({ edge: 0 }), 1);
  ending.reset({ seed: 1 });
  const { terminated, truncated } = ending.step(0);
  assert.deepEqual([terminated, truncated], [true, false]);
});

test("environment: statistics tell return and length once, at the end", () => {
  const told = episodeStatistics(timeLimit(walk(), 3));
  assert.equal(told.reset({ seed: 1 }).info.episode, null);
  assert.deepEqual(
    [1, 0, 1].map((action) => told.step(action).info.episode),
    [null, null, { return: 2, length: 3 }],
  );
  told.reset();
  assert.equal(told.step(1).info.episode, null);
});

test("environment: running statistics are mean and population variance, and go on from where they were", () => {
  const statistics = new RunningStatistics(2);
  for (const values of [
    [1, 10],
    [2, 10],
    [6, 10],
  ])
    statistics.add(values);
  const { count, mean, variance } = statistics.statistics;
  assert.deepEqual([count, mean], [3, [3, 10]]);
  assert.ok(Math.abs(variance[0]! - 14 / 3) < 1e-12 && variance[1] === 0);
  const resumed = new RunningStatistics(
    2,
    JSON.parse(JSON.stringify(statistics.statistics)) as typeof statistics.statistics,
  );
  for (const one of [statistics, resumed]) one.add([4, 0]);
  for (const key of ["mean", "variance"] as const) {
    resumed.statistics[key].forEach((value, i) => assert.ok(Math.abs(value - statistics.statistics[key][i]!) < 1e-9));
  }
});

test("environment: frozen statistics do not change, others do; values are clipped into the space", () => {
  const statistics = new RunningStatistics(1, { count: 100, mean: [0], variance: [1e-4] });
  const frozen = normaliseObservation(walk(), { statistics, frozen: true, clip: 5 });
  const { observation } = frozen.reset({ seed: 4 });
  assert.equal(observation[0], 5);
  assert.ok(boxContains(frozen.observationSpace, observation));
  assert.equal(statistics.statistics.count, 100);
  normaliseObservation(walk(), { statistics, frozen: false }).reset({ seed: 4 });
  assert.equal(statistics.statistics.count, 101);
});

test("environment: vectors start episodes anew by their rule", () => {
  const make = (autoReset: "same-step" | "next-step" | "disabled") => {
    const vector = vectorOf([timeLimit(walk(), 2), timeLimit(walk(), 3)], autoReset);
    vector.reset({ seed: 9 });
    return vector;
  };
  const same = make("same-step");
  same.step([1, 1]);
  const ended = same.step([1, 1]);
  assert.deepEqual([...ended.truncated], [1, 0]);
  assert.ok(ended.finalObservations[0]![0]! > 0.9 && ended.observations[0]! < 1);
  assert.equal(ended.finalObservations[1], null);
  assert.ok(ended.finalInfos[0]);

  const next = make("next-step");
  next.step([1, 1]);
  const last = next.step([1, 1]);
  assert.deepEqual([last.finalObservations[0], last.truncated[0]], [null, 1]);
  const fresh = next.step([1, 1]);
  assert.deepEqual([fresh.rewards[0], fresh.truncated[0], fresh.rewards[1]], [0, 0, 1]);

  assert.throws(() => same.step([1]), EnvironmentMisuseError);
  assert.throws(() => vectorOf([walk()]).step([1]), EnvironmentMisuseError);
  assert.throws(() => vectorOf([]), EnvironmentMisuseError);
});

test("environment: samples lie in their space, and masks are kept", () => {
  const random = seededRandom(2);
  const space = box([0, -Infinity, 3], [1, Infinity, 3]);
  for (let i = 0; i < 100; i++) assert.ok(boxContains(space, sampleBox(space, random)));
  const drawn = new Set(Array.from({ length: 200 }, () => sampleDiscrete(discrete(4), random, [0, 1, 0, 1])));
  assert.deepEqual([...drawn].sort(), [1, 3]);
  assert.throws(() => sampleDiscrete(discrete(2), random, [0, 0]), RangeError);
  assert.equal(boxContains(space, [0.5, NaN, 3]), false);
  assert.equal(boxContains(space, [0.5, 1]), false);
});
