import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { GUARD_STAGES } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS, startGuard, type GuardInput, type GuardSettings } from "#shared/guard/guard.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";
import { aFunction, aLongRunningGuard, anInput, aWindow, settle } from "#test/support/guard/fixtures.ts";

/** Six numbers: valid, proposed, floor, stabilised, rate-limited, bounded. */
const numbers = (stages: readonly { replicas: number }[]) => stages.map(({ replicas }) => replicas);

describe("guard: one window, stage by stage", () => {
  const rows: {
    name: string;
    current: number;
    proposed: number;
    stages: number[];
    kind: "scale" | "keep" | "hold";
    changes?: Partial<MeasuredWindow>;
    input?: Partial<GuardInput>;
    settings?: Partial<GuardSettings>;
  }[] = [
    { name: "a wish inside the limits passes", current: 3, proposed: 5, stages: [3, 5, 5, 5, 5, 5], kind: "scale" },
    { name: "the same count is kept", current: 3, proposed: 3, stages: [3, 3, 3, 3, 3, 3], kind: "keep" },
    { name: "a part of a replica is a replica", current: 3, proposed: 3.2, stages: [3, 4, 4, 4, 4, 4], kind: "scale" },
    { name: "up by 4 where doubling is less", current: 3, proposed: 9, stages: [3, 9, 9, 9, 7, 7], kind: "scale" },
    { name: "up to double where 4 is less", current: 8, proposed: 19, stages: [8, 19, 19, 19, 16, 16], kind: "scale" },
    { name: "down by half, truncated", current: 9, proposed: 1, stages: [9, 1, 1, 1, 4, 4], kind: "scale" },
    {
      name: "down by one where the share is less",
      current: 9,
      proposed: 1,
      stages: [9, 1, 1, 1, 8, 8],
      kind: "scale",
      settings: { scaleDownShare: 0 },
    },
    { name: "above the maximum", current: 15, proposed: 25, stages: [15, 25, 25, 25, 25, 20], kind: "scale" },
    {
      name: "above the platform's cap",
      current: 4,
      proposed: 7,
      stages: [4, 7, 7, 7, 7, 5],
      kind: "scale",
      input: { platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "below the platform's minimum",
      current: 2,
      proposed: 0,
      stages: [2, 0, 0, 0, 1, 1],
      kind: "scale",
      input: { managed: aFunction({ minReplicas: 0 }), platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "a minimum above the platform's cap gives way",
      current: 5,
      proposed: 2,
      stages: [5, 2, 2, 2, 2, 5],
      kind: "keep",
      input: { managed: aFunction({ minReplicas: 8 }), platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "from zero to the minimum at once, whatever the rate",
      current: 0,
      proposed: 0,
      stages: [0, 0, 0, 0, 0, 6],
      kind: "scale",
      input: { managed: aFunction({ minReplicas: 6 }) },
    },
    {
      name: "a count above the maximum comes down at once",
      current: 50,
      proposed: 50,
      stages: [50, 50, 50, 50, 50, 20],
      kind: "scale",
    },
    { name: "a wish below zero is zero", current: 1, proposed: -3, stages: [1, 0, 0, 0, 0, 1], kind: "keep" },
    { name: "a wish that is no number holds", current: 3, proposed: NaN, stages: [3, 3, 3, 3, 3, 3], kind: "hold" },
    {
      name: "no arrivals measured: hold",
      current: 3,
      proposed: 1,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { arrivals: null },
    },
    {
      name: "no available count measured: hold",
      current: 3,
      proposed: 9,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { availableReplicas: null },
    },
    {
      name: "metrics as old as one window are fresh",
      current: 3,
      proposed: 2,
      stages: [3, 2, 2, 2, 2, 2],
      kind: "scale",
      changes: { metricAgeSeconds: 30 },
    },
    {
      name: "older metrics are stale: hold",
      current: 3,
      proposed: 2,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { metricAgeSeconds: 30.1 },
    },
    {
      name: "metrics of unknown age: hold",
      current: 3,
      proposed: 2,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { metricAgeSeconds: null },
    },
    {
      name: "a hold lifts to the minimum",
      current: 1,
      proposed: 2,
      stages: [1, 1, 1, 1, 1, 2],
      kind: "scale",
      changes: { arrivals: null },
      input: { managed: aFunction({ minReplicas: 2 }) },
    },
    {
      name: "a hold does not lower to the maximum",
      current: 30,
      proposed: 2,
      stages: [30, 30, 30, 30, 30, 30],
      kind: "hold",
      changes: { arrivals: null },
    },
    {
      name: "no proposal: hold",
      current: 3,
      proposed: 0,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      input: { proposal: null },
    },
    {
      name: "a count that was not read: hold at the last known",
      current: 3,
      proposed: 9,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      input: { current: null },
    },
  ];
  for (const { name, current, proposed, stages, kind, changes, input, settings } of rows) {
    test(name, () => {
      const all = { ...GUARD_DEFAULTS, ...settings };
      const window = aWindow(11, { desiredReplicas: current, availableReplicas: current, ...changes });
      const { decision } = settle(
        aLongRunningGuard(current, 10),
        anInput({ window, current, proposed, ...input }),
        all,
      );
      assert.deepEqual(numbers(decision.stages).slice(0, 6), stages);
      assert.equal(decision.kind, kind);
      assert.equal(decision.desired, stages.at(-1));
      assert.deepEqual(
        decision.stages.map(({ stage }) => stage),
        GUARD_STAGES,
      );
      // A note stands exactly where the number changed.
      decision.stages.forEach(({ note, replicas }, i) => {
        if (i > 0) assert.equal(note !== null, replicas !== decision.stages[i - 1]!.replicas);
      });
    });
  }

  test("without any count there is nothing to pass through the stages", () => {
    const window = aWindow(1, { desiredReplicas: null });
    const { decision } = settle(startGuard(0), anInput({ window, current: null }));
    assert.equal(decision.kind, "hold");
    assert.equal(decision.current, null);
    assert.equal(decision.desired, null);
    assert.deepEqual(decision.stages, []);
  });
});

describe("guard: the reason is one sentence that tells why", () => {
  const at = (
    current: number,
    proposed: number,
    changes: Partial<MeasuredWindow> = {},
    input: Partial<GuardInput> = {},
  ) =>
    settle(aLongRunningGuard(current, 10), anInput({ window: aWindow(11, changes), current, proposed, ...input }))
      .decision.reason;
  test("scale", () => assert.equal(at(3, 5), "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro)"));
  test("keep", () => assert.equal(at(3, 3), "3, kept: in-flight 14 ÷ target 3 (openfaas-pro)"));
  test("clipped", () =>
    assert.equal(
      at(3, 9),
      "3 → 7: in-flight 14 ÷ target 3 (openfaas-pro); rate-limited from 9: at most 7 within 15 s",
    ));
  test("fallback", () =>
    assert.equal(at(3, 5, {}, { trigger: "fallback" }), "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro, fallback)"));
  test("hold: stale", () =>
    assert.equal(at(3, 5, { metricAgeSeconds: 45 }), "3, held: metrics are 45 s old, at most 30 s allowed"));
  test("hold: missing", () =>
    assert.equal(
      at(3, 5, { arrivals: null, availableReplicas: null }),
      "3, held: not measured: arrivals, availableReplicas",
    ));
});
