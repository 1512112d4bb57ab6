import assert from "node:assert/strict";
import { test } from "node:test";

import { EnvironmentMisuseError } from "#shared/task/environment/contract.ts";
import { checkEnvironment } from "#test/support/check-environment.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { OBJECTIVES } from "#shared/task/objectives/objectives.ts";
import { excerptsOf } from "#test/support/episode-loads.ts";
import { ScalingEnvironment, type ScalingSettings } from "#shared/sim/scaling-environment.ts";

import { poissonSchedule } from "#test/support/sim/schedules.ts";

const day = poissonSchedule({ rps: 4, calls: 40_000, cv: 0.3 });
const environmentOf = (changes: Partial<ScalingSettings> = {}) =>
  new ScalingEnvironment({
    profile: "stress",
    load: excerptsOf([day]),
    layout: "plus-7",
    objective: "paper",
    episodeWindows: 10,
    ...changes,
  });

for (const objective of ["paper", "agarwal", "corrected"] as const) {
  for (const guard of ["on", "off"] as const) {
    test(`environment: keeps the contract with ${objective}, guard ${guard}, randomised`, () => {
      const layout = objective === "agarwal" ? "agarwal-6" : "plus-7";
      const make = () => environmentOf({ objective, layout, guard });
      assert.deepEqual(
        checkEnvironment(make, { steps: 60, options: { randomise: true, initialReplicas: "random" } }),
        [],
      );
    });
  }
}

test("environment: an episode is truncated after its windows, never terminated", () => {
  const environment = environmentOf({ episodeWindows: 3 });
  environment.reset({ seed: 1 });
  const ends = [2, 2, 2].map((action) => environment.step(action)).map((r) => [r.terminated, r.truncated]);
  assert.deepEqual(ends, [
    [false, false],
    [false, false],
    [false, true],
  ]);
  assert.throws(() => environment.step(2), EnvironmentMisuseError);
  environment.reset();
  assert.equal(environment.step(2).truncated, false);
});

test("environment: the action changes the desired count, not the ready one", () => {
  const environment = environmentOf({ guard: "off" });
  environment.reset({
    seed: 1,
    options: { initialReplicas: 5, changes: { parameters: { startMedianSeconds: 500, droppedScrapeChance: 0 } } },
  });
  const up = environment.step(4).info;
  assert.deepEqual([up.desired, up.ready, up.pending], [7, 5, 2]);
  const down = environment.step(1).info;
  assert.deepEqual([down.desired, down.ready, down.pending], [6, 5, 1]);
});

for (const { objective, reward, desired } of [
  { objective: "paper", reward: -100, desired: 1 },
  { objective: "agarwal", reward: -100, desired: 1 },
  { objective: "corrected", reward: null, desired: 1 },
] as const) {
  test(`environment: an action below the minimum under ${objective}`, () => {
    const environment = environmentOf({ objective, guard: "off" });
    const { info } = environment.reset({ seed: 1 });
    assert.deepEqual([...info.actionMask], [0, 0, 1, 1, 1]);
    const result = environment.step(0);
    if (reward === null) assert.ok(result.reward > -5);
    else assert.equal(result.reward, reward);
    assert.deepEqual([result.info.desired, result.info.requested, result.info.clipped], [desired, -1, true]);
    assert.ok(result.info.arrivals > 0, "the window passed");
  });
}

test("environment: the reward is the objective of the window that the info shows", () => {
  const environment = environmentOf({ guard: "off" });
  environment.reset({ seed: 3, options: { initialReplicas: 6 } });
  const { reward, info } = environment.step(3);
  const again = OBJECTIVES.paper.rewardOf({
    window: info.window,
    requestedReplicas: info.requested,
    isWithinBounds: true,
    sloSeconds: 3,
    replicaSeconds: info.replicaSeconds,
    // What this objective does not read.
    ...{ violationShare: 0, neededReplicas: 0, usualReplicas: 0 },
  });
  assert.deepEqual([reward, info.reward], [again.total, again]);
});

test("environment: with the product's task actions leave room above the load, and both costs are in its measure", () => {
  const environment = environmentOf({
    guard: "off",
    layout: "replicant-24",
    actions: "headroom",
    objective: "product",
  });
  environment.reset({ seed: 3, options: { initialReplicas: 6 } });
  const first = environment.step(1).info;
  const { info } = environment.step(3);
  // A load of four requests a second that take a replica a second each: 1.5 times what is needed, then 2.5 times.
  assert.ok(first.requested >= 6 && info.requested > 1.3 * first.requested, `${first.requested}, ${info.requested}`);
  assert.deepEqual([...info.actionMask], [1, 1, 1, 1, 1]);
  assert.deepEqual(Object.keys(info.reward.terms), ["violations", "replicas"]);
  assert.equal(info.reward.total, info.reward.terms["violations"]! + info.reward.terms["replicas"]!);
});

test("environment: the guard inside clips what would not be applied in service", () => {
  const environment = environmentOf({ guard: "on" });
  environment.reset({ seed: 1, options: { initialReplicas: 20 } });
  const { info } = environment.step(0);
  assert.deepEqual([info.requested, info.desired, info.clipped], [18, 20, true]);
});

test("environment: a window that was not measured repeats the observation and holds the count", () => {
  const environment = environmentOf({ guard: "off" });
  const first = environment.reset({
    seed: 1,
    options: { initialReplicas: 5, changes: { parameters: { droppedScrapeChance: 1 } } },
  });
  const held = environment.step(4);
  assert.deepEqual([...held.observation], [...first.observation]);
  assert.deepEqual([held.info.missing, held.info.desired], [true, 5]);
});

function trajectory(
  environment: ScalingEnvironment,
  seed: number | string,
  steps: number,
  random = seededRandom("actions"),
) {
  const rows: number[][] = [
    [...environment.reset({ seed, options: { initialReplicas: 4, randomise: true } }).observation],
  ];
  for (let i = 0; i < steps; i++) {
    const { observation, reward, truncated } = environment.step(random.integer(5));
    rows.push([...observation, reward]);
    if (truncated) rows.push([...environment.reset({ options: { initialReplicas: 4, randomise: true } }).observation]);
  }
  return rows;
}

test("environment: identical trajectories for identical seeds; an unseeded reset goes on with the stream", () => {
  const a = trajectory(environmentOf(), 5, 35);
  assert.deepEqual(a, trajectory(environmentOf(), 5, 35));
  assert.notDeepEqual(a, trajectory(environmentOf(), 6, 35));
  const used = environmentOf();
  trajectory(used, 99, 17);
  assert.deepEqual(a, trajectory(used, 5, 35), "a seeded reset forgets what was before");
  assert.notDeepEqual(a[0], a[11], "the second episode is another one");
});

test("environment: what cannot be is refused with a sentence", () => {
  assert.throws(() => environmentOf({ episodeWindows: 0 }), BadInputError);
  assert.throws(() => environmentOf({ profile: "turbo" }), BadInputError);
  assert.throws(() => environmentOf({ layout: "plus-9" as never }), BadInputError);
  const tooLong = environmentOf({ episodeWindows: 1000 });
  assert.throws(() => tooLong.reset({ seed: 1 }), /does not fit into/);
});
