/** The word for a function's state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf } from "#services/local-openfaas/ui/function-state.ts";

const crash = { failures: 3, untilMs: 14_200, lastError: "exit code 1: cannot find the model" };

for (const { name, desired, available, backOff = null, kind, detail = null } of [
  { name: "as many as asked for", desired: 3, available: 3, kind: "ready" },
  { name: "none, as asked for", desired: 0, available: 0, kind: "idle" },
  { name: "none yet", desired: 2, available: 0, kind: "starting" },
  { name: "on the way up", desired: 5, available: 2, kind: "scaling", detail: "2 → 5" },
  { name: "on the way down", desired: 0, available: 2, kind: "scaling", detail: "2 → 0" },
  {
    name: "crashed and waiting",
    ...{ desired: 1, available: 0, backOff: crash, kind: "back-off" },
    detail: "3 failures, next start in 5 s; last: exit code 1: cannot find the model",
  },
  {
    name: "crashed and being started again, others ready",
    ...{ desired: 2, available: 1, backOff: { ...crash, failures: 1, untilMs: 10_000 }, kind: "back-off" },
    detail: "1 failure, starting again; last: exit code 1: cannot find the model",
  },
]) {
  test(`function state: ${name}`, () => {
    const state = stateOf({ desiredReplicas: desired, availableReplicas: available, backOff }, 10_000);
    assert.deepEqual(state, { kind, detail });
  });
}
