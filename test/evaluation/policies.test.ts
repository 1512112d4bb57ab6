import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { fixedPolicy } from "#shared/policies/fixed.ts";
import { resolvePolicy, splitPolicies } from "#shared/evaluation/policies.ts";
import { foresightOf } from "#shared/evaluation/foresight.ts";
import { scheduleOf } from "#shared/evaluation/run.ts";
import { isBoundName } from "#shared/evaluation/knowing.ts";
import { runSmall, SMALL_CELL } from "#test/support/evaluation.ts";

const context = { seed: 1, plan: () => [], foresight: foresightOf(scheduleOf(SMALL_CELL, 1), SMALL_CELL.profile) };

describe("policies of an evaluation", () => {
  for (const { name, pace, guard, isOracle } of [
    { name: "hpa", pace: "window", guard: null, isOracle: false },
    { name: "hpa:cpu=60@bare", pace: "window", guard: "off", isOracle: false },
    { name: "kpa", pace: "tick", guard: "off", isOracle: false },
    { name: "kpa:utilisation=0.5,stable=120@bare", pace: "tick", guard: "off", isOracle: false },
    { name: "kpa@30s", pace: "window", guard: null, isOracle: false },
    { name: "openfaas-pro@30s", pace: "window", guard: null, isOracle: false },
    { name: "oracle", pace: "window", guard: "off", isOracle: true },
    { name: "oracle:utilisation=0.5", pace: "window", guard: "off", isOracle: true },
    { name: "foresight", pace: "tick", guard: "off", isOracle: true },
  ]) {
    test(`${name}: at the pace of a ${pace}, guard ${guard ?? "as asked"}`, async () => {
      const policy = await resolvePolicy(name);
      assert.deepEqual(
        { name: policy.name, pace: policy.start(context).pace, guard: policy.guard, isOracle: policy.isOracle },
        { name, pace, guard, isOracle },
      );
      assert.equal(isBoundName(name), isOracle);
    });
  }

  for (const { name, message } of [
    { name: "hpb", message: /^unknown policy 'hpb'; known are fixed:N/ },
    { name: "models/none", message: /^unknown policy 'models\/none'/ },
    { name: "hpa@60s", message: /^policy 'hpa@60s': what follows '@' must be 30s or bare, was: '60s'$/ },
    { name: "kpa:stable=1", message: /^policy 'kpa:stable=1': stable must be a whole number from 6 to 3600/ },
    { name: "oracle:utilisation=2", message: /utilisation must be a number from 0.01 to 1, was: '2'$/ },
    { name: "fixed", message: /the count is missing/ },
    { name: "kpa@stabilised=30", message: /^policy 'kpa@stabilised=30': @stabilised=30: no guard runs behind it$/ },
    { name: "hpa@stabilised=9999", message: /@stabilised=9999: at most 3600 s$/ },
    { name: "hpa@stabilised=soon", message: /^policy 'hpa@stabilised=soon': what follows '@' must be/ },
  ]) {
    test(`'${name}' is refused in one sentence`, () =>
      assert.rejects(resolvePolicy(name), { name: "BadInputError", message }));
  }

  test("the guard keeps a scale-down waiting for as long as the name says", async () => {
    const [soon, late] = [0, 300].map((seconds) => `hpa:cpu=50,down-window=0@stabilised=${seconds}`);
    const [little, much] = await Promise.all([runSmall(soon!), runSmall(late!)]);
    assert.ok(little.totals.replicaSeconds < much.totals.replicaSeconds);
  });

  test("what is no rule is asked of whoever knows paths, without its suffix", async () => {
    const asked: string[] = [];
    const policy = await resolvePolicy("models/mine@bare", async (path) => {
      asked.push(path);
      return { make: () => fixedPolicy(3), sampled: null };
    });
    assert.deepEqual(asked, ["models/mine"]);
    assert.equal(policy.name, "models/mine@bare");
    assert.equal(policy.guard, "off");
    await assert.rejects(
      resolvePolicy("models/other", async () => null),
      { message: /^unknown policy 'models\/other'/ },
    );
  });

  test("a model may draw its actions, with the run's seed; what is no model has none to draw", async () => {
    const seeds: (number | string)[] = [];
    const sampled = (seed: number | string) => (seeds.push(seed), fixedPolicy(3));
    const found = { make: () => fixedPolicy(1), sampled };
    const policy = await resolvePolicy("mine@corrected@sampled", async () => found);
    const { pace } = policy.start({ seed: 7, foresight: null as never });
    assert.deepEqual([pace, seeds], ["window", [7]]);
    for (const name of ["hpa@sampled", "other@sampled"])
      await assert.rejects(
        resolvePolicy(name, async () => ({ ...found, sampled: null })),
        { name: "BadInputError", message: `policy '${name}': only a model that decides counts has actions to draw` },
      );
  });

  for (const { list, want } of [
    { list: "hpa,kpa", want: ["hpa", "kpa"] },
    { list: "hpa:cpu=60,down-window=60,kpa@30s", want: ["hpa:cpu=60,down-window=60", "kpa@30s"] },
    { list: "openfaas-pro:rps,target=20, fixed:3", want: ["openfaas-pro:rps,target=20", "fixed:3"] },
    { list: "@out/a=b.json,hpa", want: ["@out/a=b.json", "hpa"] },
    { list: "hpa,", want: ["hpa", ""] },
  ]) {
    test(`splits '${list}'`, () => assert.deepEqual(splitPolicies(list), want));
  }
});

describe("where the guard stands", () => {
  test("with it the replicas stay in reach; without it, as the rule says", async () => {
    const guarded = await runSmall("fixed:20", { detail: "windows" });
    const bare = await runSmall("fixed:20@bare", { detail: "windows" });
    assert.equal(bare.windows![0]!.applied, 20);
    assert.ok(guarded.windows![0]!.applied < 20, `${guarded.windows![0]!.applied}`);
    assert.deepEqual((await runSmall("fixed:20", { guard: "off" })).totals, bare.totals);
  });

  test("kpa decides between windows, kpa@30s at their ends only", async () => {
    const native = await runSmall("kpa", { detail: "windows" });
    assert.ok(native.windows!.every(({ proposed, reason }) => proposed === null && reason === null));
    assert.ok(native.totals.churn > 0);
    const slow = await runSmall("kpa@30s", { detail: "windows", guard: "off" });
    // A window in a hundred is not measured, and then nobody is asked.
    assert.ok(slow.windows!.filter(({ reason }) => reason?.includes("in-flight")).length > 30);
  });
});
