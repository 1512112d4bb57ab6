/** Knative's own test rows on our KPA. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { decideKpa, KPA_DEFAULTS, startKpaState, type KpaSpec, type KpaState } from "#shared/policies/kpa/decision.ts";
import {
  reconcile,
  RECONCILE_DEFAULTS,
  type ReconcileSettings,
  type RevisionStatus,
} from "#shared/policies/kpa/reconcile.ts";
import { resolveTarget, TARGET_DEFAULTS, type KpaMetric } from "#shared/policies/kpa/target.ts";
import { average, bucketWindow, record } from "#shared/policies/kpa/windows.ts";
import { readTable } from "#test/support/conformance-rows.ts";

interface DecisionRow {
  readonly name: string;
  readonly target: number;
  readonly burst?: number;
  readonly upRate?: number;
  readonly downRate?: number;
  readonly panicThreshold?: number;
  readonly activationScale?: number;
  readonly delaySeconds?: number;
  readonly reachable?: boolean;
  readonly unreachableFromSeconds?: number;
  readonly panicSinceSeconds?: number;
  readonly maxPanic?: number;
  readonly steps: readonly [number, number | null, number | null, number | null, number | "invalid"][];
  readonly excess?: readonly number[];
  readonly panicSince?: readonly (number | null)[];
}

const decisions = readTable<{
  rows: DecisionRow[];
  creation: { name: string; ready: number; panicking: boolean; maxPanic: number }[];
}>("./kpa-decision.json");

/** A day in: instants of the rows count from here. */
const T0 = 86_400_000;

describe("conformance: KPA decision", () => {
  for (const row of decisions.rows) {
    test(row.name, () => {
      const spec = (atSeconds: number): KpaSpec => ({
        ...KPA_DEFAULTS,
        targetValue: row.target,
        totalValue: row.target / 0.75,
        targetBurstCapacity: row.burst ?? 0,
        maxScaleUpRate: row.upRate ?? 10,
        maxScaleDownRate: row.downRate ?? 10,
        panicThresholdRatio: row.panicThreshold ?? 2,
        activationScale: row.activationScale ?? 1,
        scaleDownDelaySeconds: row.delaySeconds ?? 0,
        reachable: (row.reachable ?? true) && atSeconds < (row.unreachableFromSeconds ?? Infinity),
      });
      let state: KpaState = startKpaState(0, T0, spec(0));
      if (row.panicSinceSeconds !== undefined) {
        state = { ...state, panicSinceMs: T0 + row.panicSinceSeconds * 1000, maxPanic: row.maxPanic! };
      }
      for (const [i, [atSeconds, stable, panic, ready, want]] of row.steps.entries()) {
        const step = decideKpa(state, { stable, panic, ready }, spec(atSeconds), T0 + atSeconds * 1000);
        if (want === "invalid") {
          assert.deepEqual(step, { state, decision: { kind: "invalid" } });
          continue;
        }
        state = step.state;
        assert.ok(step.decision.kind === "scale");
        assert.equal(step.decision.desired, want, `step ${i + 1}`);
        const excess = row.excess?.[i];
        if (excess !== undefined) assert.ok(Math.abs(step.decision.excessBurstCapacity - excess) <= 1);
        const since = row.panicSince?.[i];
        if (since !== undefined) assert.equal(state.panicSinceMs, since === null ? null : T0 + since * 1000);
      }
    });
  }
  for (const { name, ready, panicking, maxPanic } of decisions.creation) {
    test(name, () => {
      const state = startKpaState(ready, T0, { scaleDownDelaySeconds: 0 });
      assert.deepEqual(state, { panicSinceMs: panicking ? T0 : null, maxPanic, delay: null });
    });
  }
});

const around = readTable<{
  windows: {
    name: string;
    seconds: number;
    writes: [number, number][];
    readAt: number;
    average?: number;
  }[];
  targets: {
    name: string;
    metric: KpaMetric;
    containerConcurrency: number;
    target?: number;
    utilisation?: number;
    want: number[];
  }[];
  reconciliations: {
    name: string;
    desired: number;
    status?: Partial<RevisionStatus>;
    settings?: Partial<ReconcileSettings>;
    apply: number | null;
    markInactive?: boolean;
  }[];
}>("./kpa-around.json");

describe("conformance: KPA windows and targets", () => {
  for (const row of around.windows) {
    test(row.name, () => {
      const at = (seconds: number) => T0 + seconds * 1000;
      const window = row.writes.reduce((w, [s, value]) => record(w, value, at(s)), bucketWindow(row.seconds, 1));
      if (row.average !== undefined) assert.equal(average(window, at(row.readAt)), row.average);
    });
  }
  // The rows were made with a concurrency fraction of 1.
  const settings = { ...TARGET_DEFAULTS, concurrencyUtilisation: 1 };
  for (const { name, want, ...revision } of around.targets) {
    test(name, () => {
      const { targetValue, totalValue } = resolveTarget(revision, settings);
      assert.deepEqual([targetValue, totalValue], want);
    });
  }
});

describe("conformance: KPA reconciler", () => {
  const ordinary: RevisionStatus = {
    activity: "active",
    activityForSeconds: 0,
    proxiedForSeconds: 0,
    activatorProbe: true,
    initialScaleReached: true,
    reachable: true,
  };
  for (const row of around.reconciliations) {
    test(row.name, () => {
      const made = reconcile(row.desired, { ...ordinary, ...row.status }, { ...RECONCILE_DEFAULTS, ...row.settings });
      assert.equal(made.apply, row.apply);
      assert.equal(made.markInactive, row.markInactive ?? false);
    });
  }
});
