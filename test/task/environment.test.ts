import assert from "node:assert/strict";
import { test } from "node:test";

import { RunningStatistics } from "#shared/rl/normalisation.ts";
import { EnvironmentMisuseError, type BaseInfo, type Environment } from "#shared/task/environment/contract.ts";
import { box, boxContains, discrete, sampleDiscrete } from "#shared/task/environment/spaces.ts";
import { checkEnvironment } from "#test/support/check-environment.ts";
import { seededRandom, type Random } from "#shared/core/random.ts";

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

test("environment: samples lie in their space, and masks are kept", () => {
  const random = seededRandom(2);
  const space = box([0, -Infinity, 3], [1, Infinity, 3]);
  const drawn = new Set(Array.from({ length: 200 }, () => sampleDiscrete(discrete(4), random, [0, 1, 0, 1])));
  assert.deepEqual([...drawn].sort(), [1, 3]);
  assert.throws(() => sampleDiscrete(discrete(2), random, [0, 0]), RangeError);
  assert.equal(boxContains(space, [0.5, NaN, 3]), false);
  assert.equal(boxContains(space, [0.5, 1]), false);
});
