/** KEDA's and OpenFaaS's rows on our rules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { replicasFromAverageValue, replicasFromValue } from "#shared/policies/hpa/replicas.ts";
import { KEDA_DEFAULTS } from "#shared/policies/keda/activation.ts";
import { readTrigger, type FallbackBehaviour } from "#shared/policies/keda/fallback.ts";
import { startKeda, tickKeda, type KedaRunSpec } from "#shared/policies/keda/keda.ts";
import { CE_CAP, ceStep } from "#shared/policies/openfaas/ce-step.ts";
import { downWindow, proReplicas } from "#shared/policies/openfaas/pro.ts";
import type { Recommendation } from "#shared/policies/words.ts";
import { readTable } from "#test/support/conformance-rows.ts";

const table = readTable<{
  fallbacks: {
    name: string;
    failures: number;
    value: number | null;
    threshold: number;
    replicas: number;
    behaviour: FallbackBehaviour;
    current: number;
    want: number | "error";
    failuresAfter: number;
  }[];
  values: {
    name: string;
    type: "Value" | "AverageValue";
    usage: number;
    target: number;
    current: number;
    ready: number;
    want: number;
  }[];
  polls: { name: string; spec: Partial<KedaRunSpec>; start: number; steps: [number, number | null, number][] }[];
  steps: { name: string; status: "firing" | "resolved"; factor: number; current: number; max: number; want: number }[];
  pro: { name: string; load: number; target: number; proportion: number; min: number; max: number; want: number }[];
  downWindows: {
    name: string;
    recommendations: number[];
    everySeconds: number;
    seconds: number;
    wish: number;
    want: number;
  }[];
}>("./keda-openfaas.json");

describe("conformance: KEDA", () => {
  for (const row of table.fallbacks) {
    test(row.name, () => {
      const { health, reading } = readTrigger(
        { status: row.failures > 0 ? "failing" : "happy", failuresInARow: row.failures },
        row.value,
        {
          target: 10,
          type: "AverageValue",
          current: row.current,
          ready: row.current,
          fallback: { failureThreshold: row.threshold, replicas: row.replicas, behaviour: row.behaviour },
        },
      );
      assert.equal(reading.kind === "metric" ? reading.value : reading.kind, row.want);
      assert.deepEqual(health, {
        status: row.failuresAfter === 0 ? "happy" : "failing",
        failuresInARow: row.failuresAfter,
      });
    });
  }
  for (const { name, type, usage, target, current, ready, want } of table.values) {
    test(name, () => {
      const counted =
        type === "Value"
          ? replicasFromValue(usage, target, { current, ready })
          : replicasFromAverageValue(usage, target, current);
      assert.equal(counted, want);
    });
  }
  for (const row of table.polls) {
    test(row.name, () => {
      const spec: KedaRunSpec = { ...KEDA_DEFAULTS, threshold: 5, type: "AverageValue", fallback: null, ...row.spec };
      let run = startKeda();
      let current = row.start;
      for (const [atSeconds, metric, want] of row.steps) {
        const step = tickKeda(run, { metric, current, ready: current }, spec, 86_400_000 + atSeconds * 1000);
        run = step.run;
        current = step.desired ?? current;
        assert.equal(current, want, `at ${atSeconds} s`);
      }
    });
  }
});

describe("conformance: OpenFaaS", () => {
  for (const { name, status, factor, current, max, want } of table.steps) {
    test(name, () =>
      assert.equal(
        ceStep({ status, current, minReplicas: 1, maxReplicas: max, factorPercent: factor, cap: CE_CAP }),
        want,
      ),
    );
  }
  for (const { name, load, want, ...spec } of table.pro) test(name, () => assert.equal(proReplicas(load, spec), want));
  for (const { name, recommendations, everySeconds, seconds, wish, want } of table.downWindows) {
    test(name, () => {
      let earlier: readonly Recommendation[] = [];
      let nowMs = 0;
      for (const replicas of recommendations) {
        ({ earlier } = downWindow(earlier, replicas, seconds, nowMs));
        nowMs += everySeconds * 1000;
      }
      assert.equal(downWindow(earlier, wish, seconds, nowMs).replicas, want);
    });
  }
});
