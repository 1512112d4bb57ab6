import assert from "node:assert/strict";
import { test } from "node:test";

import { withinPlatform } from "#shared/core/managed-function.ts";
import {
  learnLimits,
  limitsAt,
  reportedLimits,
  rangeProblem,
  rangeWithin,
  type LearnedLimits,
  type PlatformLimits,
} from "#shared/core/platform-limits.ts";
import { aManaged } from "#test/support/a-window.ts";

const CE: PlatformLimits = { minReplicas: 1, maxReplicas: 5 };
const CAPPED: PlatformLimits = { minReplicas: null, maxReplicas: 5 };

const at = (seconds: number) => seconds * 1_000;
/** A life of requests: [current, desired, applied] at so many seconds. */
function learned(...requests: readonly (readonly [number, number, number, number])[]): LearnedLimits | null {
  return requests.reduce<LearnedLimits | null>(
    (known, [seconds, current, desired, applied]) =>
      learnLimits(known, { current, desired, applied, atMs: at(seconds) }),
    null,
  );
}

test("a limit is what two requests in a row end at, both ends apart", () => {
  assert.equal(limitsAt(learned([0, 4, 9, 5]), at(1)), null, "one read-back may be another writer's");
  const cap = learned([0, 4, 9, 5], [30, 5, 7, 5]);
  assert.deepEqual(limitsAt(cap, at(31)), { minReplicas: null, maxReplicas: 5 });
  const both = learned([0, 4, 9, 5], [30, 5, 7, 5], [40, 1, 0, 1], [70, 1, 0, 1]);
  assert.deepEqual(limitsAt(both, at(71)), { minReplicas: 1, maxReplicas: 5 });
});

for (const { name, requests } of [
  {
    name: "a count beyond the one before is another writer's",
    requests: [
      [0, 4, 12, 1],
      [2, 1, 12, 1],
      [4, 3, 8, 1],
    ],
  },
  {
    name: "two different read-backs agree on nothing",
    requests: [
      [0, 4, 9, 5],
      [30, 4, 9, 6],
    ],
  },
  {
    name: "more than it was had: there is no cap",
    requests: [
      [0, 4, 9, 5],
      [30, 5, 9, 5],
      [60, 5, 8, 8],
    ],
  },
  {
    name: "less than it was had: there is no minimum",
    requests: [
      [0, 2, 0, 1],
      [30, 1, 0, 1],
      [60, 1, 0, 0],
    ],
  },
  {
    name: "requests two seconds apart against one that answers three seconds late",
    requests: [
      [0, 7, 14, 7],
      [2, 7, 14, 7],
    ],
  },
  {
    name: "a count beyond it, whoever set it",
    requests: [
      [0, 3, 7, 3],
      [30, 3, 7, 3],
      [60, 12, 12, 12],
    ],
  },
  {
    name: "asked and got says nothing",
    requests: [
      [0, 4, 9, 5],
      [30, 5, 6, 6],
      [60, 6, 9, 6],
    ],
  },
] as const) {
  test(`no limit: ${name}`, () => {
    const known = learned(...requests);
    const { lowest, highest } = known ?? { lowest: null, highest: null };
    const fresh = [limitsAt({ lowest: null, highest }, at(61)), limitsAt({ lowest, highest: null }, at(61))];
    assert.deepEqual(fresh, [null, null]);
  });
}

test("a limit is tried anew with pauses that grow, to eight minutes; a proven floor waits for half a minute at most", () => {
  let known = learned([0, 4, 9, 5], [30, 5, 9, 5]);
  let nowSeconds = 30;
  const pauses: number[] = [];
  for (let probe = 0; probe < 5; probe++) {
    const since = nowSeconds;
    while (limitsAt(known, at(nowSeconds)) !== null) nowSeconds++;
    pauses.push(nowSeconds - since);
    known = learnLimits(known, { current: 5, desired: 9, applied: 5, atMs: at(nowSeconds) });
    assert.deepEqual(limitsAt(known, at(nowSeconds + 29), "floor"), { minReplicas: null, maxReplicas: 5 });
    assert.equal(limitsAt(known, at(nowSeconds + 30), "floor"), null);
  }
  assert.deepEqual(pauses, [120, 240, 480, 480, 480]);
});

test("reported limits count as one request", () => {
  const reported = reportedLimits(CAPPED, 0);
  assert.equal(limitsAt(reported, at(1)), null);
  const met = learnLimits(reported, { current: 5, desired: 9, applied: 5, atMs: at(2) });
  assert.deepEqual(limitsAt(met, at(3)), CAPPED);
  assert.equal(reportedLimits(null, 0), null);
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
