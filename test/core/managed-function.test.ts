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

  test("a minimum above the maximum is told", () => {
    const { problems } = readManagedFunction({
      name: "stress",
      annotations: { "replicant.min": "5", "replicant.max": "3", "replicant.mode": "auto" },
    });
    assert.deepEqual(problems, ["stress: min (5) must not exceed max (3)"]);
  });
});
