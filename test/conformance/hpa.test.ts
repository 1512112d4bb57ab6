/** Kubernetes's own test rows on our HPA. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  applyBehaviour,
  applyWithoutBehaviour,
  beforeMetrics,
  DEFAULT_BEHAVIOUR,
  type ScalingRule,
  type ScalingRules,
} from "#shared/policies/hpa/behaviour.ts";
import {
  replicasFromAverageValue,
  replicasFromPods,
  replicasFromValue,
  type PodReading,
} from "#shared/policies/hpa/replicas.ts";
import { readTable } from "#test/support/conformance-rows.ts";

interface LimitRow {
  readonly name: string;
  readonly rules: "default" | [ScalingRule["type"], number, number][];
  readonly select?: ScalingRules["select"];
  readonly current: number;
  readonly wish: number;
  readonly upEvents?: number[];
  readonly downEvents?: number[];
  readonly want: number;
}

const table = readTable<{
  pods: {
    name: string;
    pods: [number | null, NonNullable<PodReading["standing"]>][];
    utilisation?: number;
    average?: number;
    current: number;
    want: number | "invalid";
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
  withoutBehaviour: {
    name: string;
    current: number;
    wish: number;
    max: number;
    earlier?: [number, number][];
    want: number;
  }[];
  up: LimitRow[];
  down: LimitRow[];
  beforeMetrics: { name: string; current: number; min: number; max: number; want: number | string }[];
}>("./hpa.json");

const NOW = 86_400_000;

describe("conformance: HPA replica arithmetic", () => {
  for (const { name, pods, utilisation, average, current, want } of table.pods) {
    test(name, () => {
      const readings = pods.map(([use, standing]): PodReading => ({ use, request: 1000, standing }));
      const target = {
        kind: average === undefined ? "utilisation" : "average",
        value: (average ?? utilisation)!,
      } as const;
      assert.equal(replicasFromPods(readings, target, current) ?? "invalid", want);
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
});

describe("conformance: HPA behaviour", () => {
  for (const { name, current, wish, max, earlier = [], want } of table.withoutBehaviour) {
    test(name, () => {
      const known = earlier.map(([seconds, replicas]) => ({ atMs: NOW + seconds * 1000, replicas }));
      assert.equal(applyWithoutBehaviour(wish, current, known, { min: 1, max }, NOW), want);
    });
  }
  for (const direction of ["up", "down"] as const) {
    for (const row of table[direction]) {
      test(row.name, () => {
        const rules =
          row.rules === "default"
            ? DEFAULT_BEHAVIOUR[direction].rules
            : row.rules.map(([type, value, periodSeconds]): ScalingRule => ({ type, value, periodSeconds }));
        const limits: ScalingRules = { stabilisationSeconds: 0, select: row.select ?? "max", rules };
        const events = (counts: number[] = []) =>
          counts.map((replicas, i) => ({ atMs: NOW - (i + 1) * 10_000, replicas }));
        const wanted = applyBehaviour(
          row.wish,
          row.current,
          [],
          { up: events(row.upEvents), down: events(row.downEvents) },
          { ...DEFAULT_BEHAVIOUR, [direction]: limits },
          { min: 0, max: 10_000 },
          NOW,
        );
        assert.equal(wanted, row.want);
      });
    }
  }
  for (const { name, current, min, max, want } of table.beforeMetrics) {
    test(name, () => {
      const first = beforeMetrics(current, { min, max });
      assert.equal(first.kind === "set" ? first.replicas : first.kind, want);
    });
  }
});
