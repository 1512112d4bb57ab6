import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MANAGED_DEFAULTS, readManagedFunction } from "#shared/core/managed-function.ts";

describe("a managed function by its annotations", () => {
  test("without a replicant annotation nobody cares for it", () => {
    assert.deepEqual(readManagedFunction({ name: "plain", labels: { "com.openfaas.scale.max": "3" } }), {
      problems: [],
    });
  });

  test("one annotation is enough; the rest are defaults", () => {
    const { managed, problems } = readManagedFunction({ name: "stress", annotations: { "replicant.mode": "auto" } });
    assert.deepEqual(problems, []);
    assert.deepEqual(managed, { functionName: "stress", namespace: "openfaas-fn", ...MANAGED_DEFAULTS });
  });

  test("bounds and target fall back to OpenFaaS's own labels", () => {
    const { managed } = readManagedFunction({
      name: "stress",
      annotations: { "replicant.policy": "hpa", "replicant.min": "2" },
      labels: {
        "com.openfaas.scale.min": "1",
        "com.openfaas.scale.max": "9",
        "com.openfaas.scale.type": "capacity",
        "com.openfaas.scale.target": "4",
      },
    });
    assert.equal(managed?.minReplicas, 2);
    assert.equal(managed?.maxReplicas, 9);
    assert.equal(managed?.targetInFlight, 4);
  });

  test("a target of another type is not a number of calls in flight", () => {
    const { managed } = readManagedFunction({
      name: "stress",
      annotations: { "replicant.mode": "auto" },
      labels: { "com.openfaas.scale.type": "rps", "com.openfaas.scale.target": "50" },
    });
    assert.equal(managed?.targetInFlight, MANAGED_DEFAULTS.targetInFlight);
  });

  test("every annotation that cannot be read is told, and none is guessed", () => {
    const { managed, problems } = readManagedFunction({
      name: "stress",
      annotations: {
        "replicant.mode": "automatic",
        "replicant.min": "-1",
        "replicant.max": "many",
        "replicant.slo.p95-seconds": "0",
      },
    });
    assert.equal(managed, undefined);
    assert.deepEqual(problems, [
      "stress: replicant.mode must be one of off, shadow, canary, auto, was: 'automatic'",
      "stress: replicant.min must be a whole number of at least 0, was: '-1'",
      "stress: replicant.max must be a whole number of at least 1, was: 'many'",
      "stress: replicant.slo.p95-seconds must be a number of at least 0.001, was: '0'",
    ]);
  });

  for (const { name, annotations, slo } of [
    {
      name: "seconds alone are a 95th percentile",
      annotations: { seconds: "0.5" },
      slo: { seconds: 0.5, percentile: 95 },
    },
    {
      name: "both are said",
      annotations: { seconds: "2", percentile: "99.9" },
      slo: { seconds: 2, percentile: 99.9 },
    },
    { name: "a percentile alone is of 3 s", annotations: { percentile: "90" }, slo: { seconds: 3, percentile: 90 } },
    { name: "the older spelling", annotations: { "p95-seconds": "1.5" }, slo: { seconds: 1.5, percentile: 95 } },
    {
      name: "both spellings that agree",
      annotations: { "p95-seconds": "1.5", seconds: "1.5", percentile: "95" },
      slo: { seconds: 1.5, percentile: 95 },
    },
  ] as const) {
    test(`an SLO: ${name}`, () => {
      const said: Record<string, string> = { "replicant.mode": "auto" };
      for (const [key, value] of Object.entries(annotations)) said[`replicant.slo.${key}`] = value;
      const status = { name: "stress", annotations: said };
      assert.deepEqual(readManagedFunction(status).managed?.slo, slo);
    });
  }

  test("an SLO that nobody can keep to is refused", () => {
    const problemsOf = (annotations: Record<string, string>) =>
      readManagedFunction({ name: "stress", annotations: { "replicant.mode": "auto", ...annotations } }).problems;
    assert.deepEqual(problemsOf({ "replicant.slo.percentile": "97" }), [
      "stress: replicant.slo.percentile must be one of 90, 95, 99, 99.9, was: '97'",
    ]);
    assert.deepEqual(problemsOf({ "replicant.slo.p95-seconds": "1", "replicant.slo.percentile": "99" }), [
      "stress: replicant.slo.p95-seconds says otherwise than replicant.slo.seconds and .percentile: keep one of the two",
    ]);
    assert.deepEqual(problemsOf({ "replicant.start-cost-seconds": "-1" }), [
      "stress: replicant.start-cost-seconds must be a number of at least 0, was: '-1'",
    ]);
  });

  test("a minimum above the maximum is told", () => {
    const { problems } = readManagedFunction({
      name: "stress",
      annotations: { "replicant.min": "5", "replicant.max": "3", "replicant.mode": "auto" },
    });
    assert.deepEqual(problems, ["stress: min (5) must not exceed max (3)"]);
  });
});
