import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { driftOf, DRIFT_WINDOWS } from "#shared/rl/drift.ts";
import type { Mode } from "#shared/core/managed-function.ts";
import { controlFor, stricter, type ModelControl } from "#shared/core/model.ts";
import { judge, NO_TRIAL, onTrial, stepsToForget, type Estimate, type Trial } from "#shared/core/model-lifecycle.ts";

const settings = { judgeWindows: 3, marginRatio: 0.02 };

function aControl(changes: Partial<ModelControl> = {}): ModelControl {
  return {
    functionName: "stress",
    policy: "model:lstm-ppo-plus",
    step: null,
    before: null,
    mode: "auto",
    version: null,
    reason: "as the annotation says",
    atMs: 0,
    ...changes,
  };
}

function anEstimate(model: number, rule: number): Estimate {
  const outcome = (reward: number) => ({ reward, violationShare: 0.01, replicaSeconds: 100 });
  return { windows: 20, model: outcome(model), rule: outcome(rule) };
}

/** Hears one estimate after the other; the switches and the window in which each came. */
function lived(control: ModelControl, estimates: readonly (readonly [model: number, rule: number])[]) {
  let trial: Trial = NO_TRIAL;
  const switches: string[] = [];
  estimates.forEach(([model, rule], i) => {
    const judgement = judge({ control, version: "v1" }, trial, anEstimate(model, rule), i, settings);
    trial = judgement.trial;
    if (judgement.switch === null) return;
    control = judgement.switch.control;
    switches.push(`${i + 1}: ${judgement.switch.action}, step ${control.step}, ${control.mode}`);
  });
  return switches;
}

const WORSE = [-0.2, -0.1] as const;
const BETTER = [-0.1, -0.2] as const;
/** Within the margin. */
const ALIKE = [-0.1015, -0.1] as const;

describe("who decides for a function", () => {
  for (const { name, control, estimates, switches } of [
    { name: "a good model keeps control", control: {}, estimates: [BETTER, ALIKE, BETTER, ALIKE, ALIKE], switches: [] },
    {
      name: "a bad model loses it after three windows in a row: the rule decides",
      control: {},
      estimates: [WORSE, WORSE, WORSE, WORSE, WORSE, WORSE],
      switches: ["3: rolled-back, step null, shadow"],
    },
    {
      name: "a window in which it was no worse begins the count anew",
      control: {},
      estimates: [WORSE, WORSE, ALIKE, WORSE, WORSE, WORSE],
      switches: ["6: rolled-back, step null, shadow"],
    },
    {
      name: "a worse successor gives way to what stood before, and that in its turn to the rule",
      control: { step: 7, before: { step: 5 } },
      estimates: [WORSE, WORSE, WORSE, WORSE, WORSE, WORSE],
      switches: ["3: rolled-back, step 5, auto", "6: rolled-back, step 5, shadow"],
    },
    {
      name: "a successor of the shipped model gives way to that one",
      control: { step: 7, before: { step: null }, mode: "canary" as Mode },
      estimates: [WORSE, WORSE, WORSE],
      switches: ["3: rolled-back, step null, auto"],
    },
    {
      name: "on trial and no worse it is published",
      control: { step: 7, mode: "canary" as Mode },
      estimates: [ALIKE, BETTER, BETTER, BETTER],
      switches: ["3: published, step 7, auto"],
    },
    {
      name: "in shadow nothing comes of being better",
      control: { mode: "shadow" as Mode },
      estimates: [BETTER, BETTER, BETTER, WORSE, WORSE, WORSE],
      switches: [],
    },
  ]) {
    test(name, () => assert.deepEqual(lived(aControl(control), estimates), switches));
  }

  test("the reason tells the numbers of both", () => {
    const judged = { control: aControl(), version: "v1" };
    const { control } = judge(judged, { worse: 2, notWorse: 0 }, anEstimate(-0.2, -0.1), 9, settings).switch!;
    assert.match(
      control.reason,
      /worse than the rule for 3 windows in a row: over 20 windows the model reward -0.2000/,
    );
    assert.match(control.reason, /the rule reward -0.1000, 1.0 % violations, 100 replica-seconds; the rule decides$/);
    assert.equal(control.atMs, 9);
  });

  for (const { name, said, holds } of [
    { name: "of this version", said: { version: "v1" }, holds: true },
    { name: "of another version under the same name", said: { version: "v0" }, holds: false },
    { name: "of any version", said: { version: null }, holds: true },
    { name: "of a step, which has its own number", said: { version: "v0", step: 3 }, holds: true },
    { name: "of another policy", said: { policy: "model:other" }, holds: false },
  ]) {
    test(`a word ${name} ${holds ? "holds" : "does not hold"}`, () => {
      const control = aControl({ mode: "shadow", ...said });
      assert.equal(controlFor(control, "model:lstm-ppo-plus", "v1"), holds ? control : null);
    });
  }

  test("a verdict names the version that it fell on", () => {
    const judged = { control: aControl(), version: "v1" };
    const fallen = judge(judged, { worse: 2, notWorse: 0 }, anEstimate(-0.2, -0.1), 9, settings).switch!;
    assert.deepEqual([fallen.control.mode, fallen.control.version], ["shadow", "v1"]);
  });

  for (const { mode, becomes, before } of [
    { mode: "auto", becomes: "canary", before: { step: 3 } },
    { mode: "canary", becomes: "canary", before: { step: 3 } },
    { mode: "shadow", becomes: "canary", before: null },
    { mode: "off", becomes: "off", before: null },
  ] as const) {
    test(`a better candidate where the model was '${mode}' is '${becomes}'`, () => {
      const control = onTrial(aControl({ mode, step: 3 }), 8, "better", 1);
      assert.deepEqual([control.mode, control.step, control.before], [becomes, 8, before]);
    });
  }

  test("of two modes the stricter counts", () => {
    assert.equal(stricter("auto", "shadow"), "shadow");
    assert.equal(stricter("off", "canary"), "off");
    assert.equal(stricter("canary", "canary"), "canary");
  });
});

describe("old models", () => {
  const steps = [10, 20, 30, 40, 50];
  for (const { name, control, most, want } of [
    { name: "no more than are kept: none goes", control: { step: 50 }, most: 5, want: [] },
    { name: "the oldest go", control: { step: 50 }, most: 3, want: [10, 20] },
    { name: "the one in use stays, however old", control: { step: 10 }, most: 3, want: [20] },
    { name: "the one to go back to stays", control: { step: 50, before: { step: 20 } }, most: 3, want: [10] },
    { name: "the shipped one is none of them", control: { step: null, before: { step: null } }, most: 4, want: [10] },
  ]) {
    test(name, () => assert.deepEqual(stepsToForget(steps.toReversed(), aControl(control), most), want));
  }
});

describe("drift", () => {
  const statistics = { count: 1_000, mean: [10, 0], variance: [4, 0] };
  const seen = (count: number, of: (i: number) => number[]) => Array.from({ length: count }, (_, i) => of(i));

  test("too few windows, or no statistics, tell nothing", () => {
    assert.equal(
      driftOf(
        seen(DRIFT_WINDOWS - 1, () => [100, 0]),
        statistics,
      ),
      null,
    );
    assert.equal(
      driftOf(
        seen(DRIFT_WINDOWS, () => [100, 0]),
        null,
      ),
      null,
    );
  });

  for (const { name, of, deviations, feature, outsideShare, hasDrifted } of [
    { name: "as trained", of: () => [10, 0], deviations: 0, feature: 0, outsideShare: 0, hasDrifted: false },
    { name: "a quieter function", of: () => [6, 0], deviations: 2, feature: 0, outsideShare: 0, hasDrifted: false },
    {
      name: "four and a half deviations off",
      of: () => [19, 0],
      deviations: 4.5,
      feature: 0,
      outsideShare: 0.5,
      hasDrifted: true,
    },
    {
      name: "one burst in forty windows",
      of: (i: number) => [i === 0 ? 100 : 10, 0],
      deviations: 1.125,
      feature: 0,
      outsideShare: 1 / 80,
      hasDrifted: false,
    },
    {
      name: "on and off, far from the mean on both sides",
      of: (i: number) => [i % 2 === 0 ? 0 : 20, 0],
      deviations: 0,
      feature: 0,
      outsideShare: 0.5,
      hasDrifted: true,
    },
    {
      name: "a number that never moved in training",
      of: () => [10, 0.3],
      deviations: 6,
      feature: 1,
      outsideShare: 0.5,
      hasDrifted: true,
    },
  ]) {
    test(name, () => {
      const drift = driftOf(seen(DRIFT_WINDOWS, of), statistics)!;
      assert.equal(drift.feature, feature);
      assert.ok(Math.abs(drift.deviations - deviations) < 1e-9, String(drift.deviations));
      assert.ok(Math.abs(drift.outsideShare - outsideShare) < 1e-9, String(drift.outsideShare));
      assert.equal(drift.hasDrifted, hasDrifted);
    });
  }
});
