import assert from "node:assert/strict";
import { test } from "node:test";

import type { ControlMemory } from "#shared/core/control-memory.ts";
import { LastControls } from "#services/metrics-collector/last-controls.ts";

const control = (headroom: number): ControlMemory => ({
  policy: { name: "slo-budget", version: "1" },
  target: {
    ...{ replicasPerRps: 1, headroom, inFlightPerReplica: 5, patienceSeconds: 1, leastReplicas: 0 },
    ...{ holdSeconds: 10, holdStarts: 0, memory: {} },
  },
  span: { seconds: 10, arrivals: 20 },
  startSeconds: null,
});

test("the last decision gives the state of a function's controller; one without a target ends it; who is not managed is forgotten", () => {
  const controls = new LastControls();
  assert.equal(controls.of("a"), undefined);
  controls.onApplied({ functionName: "a", control: control(2) });
  controls.onApplied({ functionName: "a", control: control(3) });
  controls.onApplied({ functionName: "b", control: control(4) });
  assert.equal(controls.of("a")?.target.headroom, 3);
  controls.keepOnly((name) => name === "a");
  assert.equal(controls.of("b"), undefined);
  controls.onApplied({ functionName: "a", control: undefined });
  assert.equal(controls.of("a"), undefined);
});
