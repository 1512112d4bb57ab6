import assert from "node:assert/strict";
import { test } from "node:test";

import { withinPlatform } from "#shared/core/managed-function.ts";
import {
  LIMIT_LIFE_SECONDS,
  learnLimits,
  limitsAt,
  rangeProblem,
  rangeWithin,
  type PlatformLimits,
} from "#shared/core/platform-limits.ts";
import { aManaged } from "#test/support/a-window.ts";

const CE: PlatformLimits = { minReplicas: 1, maxReplicas: 5 };
const CAPPED: PlatformLimits = { minReplicas: null, maxReplicas: 5 };

test("limits are learned from what the platform made of a wish, both ends apart", () => {
  const tryAgainMs = 1_000 + LIMIT_LIFE_SECONDS * 1_000;
  const cap = learnLimits(null, { desired: 9, applied: 5, nowMs: 1_000 });
  assert.deepEqual(cap, { minReplicas: null, maxReplicas: 5, tryAgainMs });
  assert.equal(learnLimits(cap, { desired: 4, applied: 4, nowMs: 2_000 }), cap, "asked and got says nothing new");
  const both = learnLimits(cap, { desired: 0, applied: 1, nowMs: 3_000 });
  assert.deepEqual(both, { minReplicas: 1, maxReplicas: 5, tryAgainMs: tryAgainMs + 2_000 });
  assert.equal(limitsAt(cap, tryAgainMs - 1), cap);
  assert.equal(limitsAt(cap, tryAgainMs), null, "an operator may have raised it");
});

for (const { name, range, platform, within, problem } of [
  { name: "nothing known", range: [0, 12], platform: null, within: [0, 12], problem: null },
  { name: "inside", range: [1, 5], platform: CE, within: [1, 5], problem: null },
  {
    name: "above the cap, below the minimum",
    range: [0, 12],
    platform: CE,
    within: [1, 5],
    problem: "'stress' is to have 0 to 12 replicas, but the platform gives at least 1 and at most 5",
  },
  {
    name: "above the cap, no minimum met",
    range: [0, 12],
    platform: CAPPED,
    within: [0, 5],
    problem: "'stress' is to have 0 to 12 replicas, but the platform gives at most 5",
  },
  {
    name: "wholly above: the cap wins",
    range: [8, 12],
    platform: CE,
    within: [5, 5],
    problem: "'stress' is to have 8 to 12 replicas, but the platform gives at least 1 and at most 5",
  },
] as const) {
  test(`a range on a platform: ${name}`, () => {
    const [minReplicas, maxReplicas] = range;
    const asked = { minReplicas, maxReplicas };
    assert.deepEqual(rangeWithin(asked, platform), { minReplicas: within[0], maxReplicas: within[1] });
    assert.equal(rangeProblem("stress", asked, platform), problem);
    const managed = withinPlatform(aManaged({ ...asked, ...(platform && { platform }) }));
    assert.deepEqual([managed.minReplicas, managed.maxReplicas], within);
  });
}
