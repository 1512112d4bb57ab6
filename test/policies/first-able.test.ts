/** The fallback rule: one that keeps an SLO where it can reckon, else `openfaas-pro`, which needs requests in flight alone. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { fallbackByName } from "#shared/policies/first-able.ts";
import { answerTo, aWindow } from "#test/support/policies.ts";

for (const name of ["forecast-mpc", "slo-budget"]) {
  test(`${name}: until something tells what a request takes, openfaas-pro answers, and says so`, () => {
    const policy = fallbackByName(name)();
    const dark = { completedOk: null, completedError: null, cpuRatio: null, inFlightMean: 12, inFlightMax: 12 };
    const answer = answerTo(policy, aWindow(1, dark));
    assert.equal(answer.target, undefined);
    assert.equal(answer.proposedReplicas, 3);
    assert.match(answer.because, /, by openfaas-pro: what a request takes is not known yet/);
    assert.notEqual(answerTo(policy, aWindow(2)).target, undefined);
    assert.equal(policy.identity.name, name);
  });
}

test("another rule stands alone; a name that nobody knows is refused", () => {
  assert.equal(fallbackByName("fixed:4")().identity.name, "fixed:4");
  assert.throws(() => fallbackByName("nobody"), /unknown policy 'nobody'/);
});
