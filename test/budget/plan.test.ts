/** The plan against trying out every plan, and what a price of late requests does to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import type { Scenario } from "#shared/budget/forecast.ts";
import { lateShareThrough, priceAt } from "#shared/budget/late-share.ts";
import { planReplicas, type PlanTerms } from "#shared/budget/plan.ts";

const lateShare = lateShareThrough(0.35, 0.05);
const terms: PlanTerms = {
  ...{ windowSeconds: 30, busySeconds: 1, use: 0.35, lateShare, price: 20, reactionSeconds: 15 },
  ...{ startCostSeconds: 15, maxReplicas: 4 },
};
const sure = (arrivals: number): readonly Scenario[] => [{ chance: 1, arrivals }];

describe("late shares and their price", () => {
  test("the share rises with the use, is the budget where that is kept, and 1 in full replicas", () => {
    for (const [busy, budget] of [
      [0.2, 0.05],
      [0.5, 0.05],
      [0.8, 0.1],
      [0.3, 0.01],
    ] as const) {
      const late = lateShareThrough(busy, budget);
      assert.ok(late(busy) > budget / 1.3 && late(busy) < budget * 1.3, `${late(busy)} at ${busy}`);
      let before = 0;
      for (let use = 0.01; use < 1.1; use += 0.01) {
        assert.ok(late(use) >= before && late(use) <= 1);
        before = late(use);
      }
      assert.equal(late(1), 1);
    }
  });

  test("at the price that a use tells, no other use is cheaper", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 0.9, noNaN: true }), (use) => {
        const price = priceAt(use, lateShare);
        const costAt = (busy: number) => 1 / busy + price * lateShare(busy);
        // The curve has corners, in which a small step says little.
        for (const other of [use / 1.3, Math.min(0.99, use * 1.3)]) assert.ok(costAt(use) <= costAt(other) + 1e-9);
      }),
    );
  });
});

describe("a plan", () => {
  test("keeps nothing for a load that does not change, and all for a burst that is sure", () => {
    assert.ok(planReplicas([sure(10), sure(10)], 1, terms) <= 1);
    assert.equal(planReplicas([sure(1), sure(40)], 1, terms) <= 1, true, "the burst is not next");
    assert.equal(planReplicas([sure(40), sure(1)], 1, terms), 4);
  });

  test("the dearer a late request, the more replicas; at no price none", () => {
    const burst = [
      [
        { chance: 0.9, arrivals: 1 },
        { chance: 0.1, arrivals: 40 },
      ],
    ];
    const counts = [0, 1, 10, 100, 1000].map((price) => planReplicas(burst, 1, { ...terms, price }));
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
    assert.ok(counts[0]! <= 1 && counts.at(-1) === 4, String(counts));
  });

  test("of a hundred thousand replicas it tries few, and still finds what a sure burst needs", () => {
    const many = { ...terms, maxReplicas: 100_000 };
    const planned = planReplicas([sure(500_000)], 1, many);
    assert.ok(planned > 0.95 * Math.ceil(500_000 / 30 / terms.use), String(planned));
  });

  test("what will be needed again soon is not given up only to be started again", () => {
    const soon = [sure(1), sure(40)];
    assert.ok(planReplicas(soon, 4, { ...terms, startCostSeconds: 100, price: 0 }) >= 3);
    assert.ok(planReplicas(soon, 4, { ...terms, startCostSeconds: 1, price: 0 }) <= 1);
  });

  test("no plan that could be tried is cheaper", () => {
    const scenario = fc
      .array(fc.nat(60), { minLength: 1, maxLength: 3 })
      .map((counts) => counts.map((arrivals) => ({ chance: 1 / counts.length, arrivals })));
    const ahead = fc.array(scenario, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(ahead, fc.nat(4), fc.double({ min: 0, max: 50, noNaN: true }), (windows, current, price) => {
        const priced = { ...terms, price };
        const chosen = planReplicas(windows, current, priced);
        const best = cheapest(windows, current, priced, null);
        assert.ok(Math.abs(cheapest(windows, current, priced, chosen) - best) < 1e-6, `${chosen}`);
      }),
    );
  });
});

/** The cheapest of all plans, or of those that begin with `first`; a window's own cost is a plan of that window alone. */
function cheapest(
  windows: readonly (readonly Scenario[])[],
  current: number,
  priced: PlanTerms,
  first: number | null,
): number {
  if (windows.length === 0) return 0;
  const counts = first === null ? [0, 1, 2, 3, 4] : [first];
  return Math.min(
    ...counts.map(
      (replicas) =>
        windowCost(windows[0]!, replicas, priced) +
        priced.startCostSeconds * Math.max(0, replicas - current) +
        cheapest(windows.slice(1), replicas, priced, null),
    ),
  );
}

function windowCost(scenarios: readonly Scenario[], replicas: number, priced: PlanTerms): number {
  const { windowSeconds, busySeconds, use, price, reactionSeconds, startCostSeconds, maxReplicas } = priced;
  return scenarios.reduce((sum, { chance, arrivals }) => {
    const busy = (arrivals * busySeconds) / windowSeconds;
    const need = Math.min(maxReplicas, Math.ceil(busy / use - 1e-9));
    if (replicas >= need) return sum + chance * windowSeconds * replicas;
    const crowded = Math.min(100, busy / replicas);
    const behind = crowded > 1 ? (reactionSeconds * (crowded - 1)) / Math.max(0.1, 1 - use) : 0;
    const seconds = Math.min(60, reactionSeconds * Math.max(0, lateShare(crowded) - lateShare(use)) + behind);
    const late = (arrivals / windowSeconds) * seconds;
    return sum + chance * (windowSeconds * need + startCostSeconds * (need - replicas) + price * late);
  }, 0);
}
