import assert from "node:assert/strict";
import { test } from "node:test";

import { correctedUtilisation } from "#shared/task/objectives/corrected.ts";
import type { StepFacts } from "#shared/task/objectives/objective.ts";
import { OBJECTIVES } from "#shared/task/objectives/objectives.ts";
import { paperTargetReplicas, paperUtilisation } from "#shared/task/objectives/paper.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";

import { aWindow } from "#test/support/guard/fixtures.ts";

function input(window: Partial<MeasuredWindow>, changes: Partial<StepFacts> = {}): StepFacts {
  const desired = window.desiredReplicas ?? 4;
  return {
    window: aWindow(1, {
      throughputRps: 0.5,
      cpuRatio: 0.7,
      memoryRatio: 0.5,
      desiredReplicas: 4,
      availableReplicas: 4,
      latencySeconds: { p50: 0.5, p95: 1, p99: 2 },
      ...window,
    }),
    requestedReplicas: desired,
    isWithinBounds: true,
    sloSeconds: 3,
    replicaSeconds: desired * 30,
    violationShare: 0.1,
    neededReplicas: 3,
    usualReplicas: 2,
    ...changes,
  };
}
const idle = {
  throughputRps: 0,
  completedOk: 0,
  cpuRatio: 0,
  memoryRatio: 0.1,
  latencySeconds: { p50: null, p95: null, p99: null },
  desiredReplicas: 1,
  availableReplicas: 1,
} as const;

for (const { name, given, want } of [
  { name: "a well used window", given: input({}), want: 1.475 },
  { name: "the same with CPU at 1.2", given: input({ cpuRatio: 1.2 }), want: -0.745 },
  { name: "an idle window", given: input(idle), want: -0.86 },
  { name: "an action beyond the bounds", given: input({}, { isWithinBounds: false }), want: -100 },
  { name: "another count than was asked for", given: input({}, { requestedReplicas: 5 }), want: 0.975 },
]) {
  test(`reward: paper: ${name} is worth ${want}`, () => {
    const { total, terms } = OBJECTIVES.paper.rewardOf(given);
    assert.equal(total, want);
    assert.ok(Math.abs(Object.values(terms).reduce((a, b) => a + b, 0) - want) < 5.1e-4);
  });
}

test("reward: paper: R jumps where it was published to jump", () => {
  assert.equal(paperUtilisation(0.7, 0.8), 0.8);
  assert.ok(Math.abs(paperUtilisation(1, 0.8) - 0.8 * Math.exp(-0.36)) < 1e-12);
  assert.ok(Math.abs(paperUtilisation(1.0001, 0.8) + 0.8) < 1e-3);
  assert.ok(Math.abs(paperUtilisation(0.2999, 0.8) + 0.32) < 1e-3);
  assert.ok(Math.abs(paperUtilisation(0.3, 0.8) - 0.8 * Math.exp(-0.64)) < 1e-12);
  assert.equal(paperTargetReplicas(0.7, 0.5, 4), 4);
  assert.equal(paperTargetReplicas(1.2, 0.5, 4), 7);
  assert.equal(paperTargetReplicas(0, 0.1, 1), 1);
});

for (const { name, given, want } of [
  {
    name: "all succeed on one replica",
    given: input({ desiredReplicas: 1, availableReplicas: 1 }),
    want: 7500 + 8.75 + 6.25,
  },
  {
    name: "half succeed on five",
    given: input({
      completedOk: 15,
      completedError: { "4xx": 0, "429": 15, "5xx": 0, "504": 0 },
      desiredReplicas: 5,
      availableReplicas: 5,
    }),
    want: 1875 + 15 - 4,
  },
  { name: "a start that takes long", given: input({ availableReplicas: 3 }), want: 7500 + 15 - 1 - 100 },
  { name: "beyond the bounds", given: input({}, { isWithinBounds: false }), want: -100 },
  { name: "idle", given: input(idle), want: 1.25 },
]) {
  test(`reward: agarwal: ${name} is worth ${want}`, () => {
    assert.ok(Math.abs(OBJECTIVES.agarwal.rewardOf(given).total - want) < 1e-9);
  });
}

test("reward: corrected: worked values", () => {
  const good = OBJECTIVES.corrected.rewardOf(input({}));
  assert.ok(Math.abs(good.total - (0.2 + 0.8 + 0.2 * (2 / 3) - 0.08)) < 1e-12);
  const full = OBJECTIVES.corrected.rewardOf(input(idle));
  assert.ok(Math.abs(full.total - (0.2 + 0.8 * Math.exp(-4 * 0.49) + 0.2 - 0.02)) < 1e-12);
  const late = (p95: number) => input({ latencySeconds: { p50: 0.5, p95, p99: p95 } });
  const twice = OBJECTIVES.corrected.rewardOf(late(6));
  assert.ok(
    Math.abs(twice.total - (0.2 + 0.8 / 2 + 0.2 * -1 - 0.08)) < 1e-12,
    "twice the SLO: half the gain of CPU use",
  );
  assert.ok(Math.abs(OBJECTIVES.corrected.rewardOf(late(60)).terms.latency! + 1) < 1e-12, "no worse than six SLOs");
  const over = { cpuRatio: 1.5, latencySeconds: { p50: 0.5, p95: 30, p99: 30 } };
  const loss = OBJECTIVES.corrected.rewardOf(input(over)).terms.cpu!;
  assert.ok(Math.abs(loss - 0.8 * correctedUtilisation(1.5)) < 1e-12, "a late window does not make a loss smaller");
  const blind = OBJECTIVES.corrected.rewardOf(input({ cpuRatio: null }));
  assert.equal(blind.terms.cpu, 0);
  assert.equal(OBJECTIVES.corrected.rewardOf(input({ memoryRatio: 0.95 })).terms.memory!.toFixed(6), "-0.250000");
  assert.equal(OBJECTIVES.corrected.rewardOf(input({}, { isWithinBounds: false })).total, good.total);
});

test("reward: corrected: utilisation is continuous, best at 0.7, and falls on both sides", () => {
  for (let u = 0; u < 2; u += 0.001) {
    assert.ok(Math.abs(correctedUtilisation(u + 0.001) - correctedUtilisation(u)) < 0.003, `at ${u}`);
    const rises = correctedUtilisation(u + 0.001) > correctedUtilisation(u);
    assert.equal(rises, u + 0.0005 < 0.7, `at ${u}`);
  }
});

test("reward: every objective names the same terms at every step", () => {
  for (const objective of Object.values(OBJECTIVES)) {
    const names = [input({}), input(idle), input({}, { isWithinBounds: false })].map((given) =>
      Object.keys(objective.rewardOf(given).terms).join(),
    );
    assert.equal(new Set(names).size, 1, objective.name);
  }
});
