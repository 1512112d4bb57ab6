import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { costAtShare } from "#shared/evaluation/front.ts";
import type { EvaluationRow } from "#shared/evaluation/rows.ts";
import { summaryOf, type SummaryCell, type SummaryRow } from "#shared/evaluation/summary.ts";
import { belowBounds } from "#shared/evaluation/results/below-bounds.ts";
import { infeasibleLines, summaryLines } from "#shared/evaluation/results/summary-table.ts";

const sure = (mean: number) => ({ mean, lo: mean, hi: mean });

function row(policy: string, late: number, cost: number, regret: number | null = null): SummaryRow {
  const isKept = late <= 0.0525;
  return {
    policy,
    isKept,
    sloViolationShare: sure(late),
    cost: sure(cost),
    regret: regret === null ? null : sure(regret),
  };
}

describe("cost at equal late share", () => {
  const front = [
    { sloViolationShare: 0.02, cost: 300 },
    { sloViolationShare: 0.06, cost: 100 },
    // Beaten by the first.
    { sloViolationShare: 0.05, cost: 320 },
    // Later than the cheapest, and dearer.
    { sloViolationShare: 0.09, cost: 120 },
  ];
  for (const { name, share, want } of [
    { name: "at a point", share: 0.02, want: 300 },
    { name: "at the cheapest point", share: 0.06, want: 100 },
    { name: "later than the cheapest, as another was that saved nothing by it", share: 0.08, want: 100 },
    { name: "as late as the latest", share: 0.09, want: 100 },
    { name: "between two points", share: 0.03, want: 250 },
    { name: "below the range", share: 0.01, want: null },
    { name: "later than any that was tried", share: 0.1, want: null },
  ]) {
    test(name, () => {
      const found = costAtShare(front, share);
      if (want === null) assert.equal(found, null);
      else assert.ok(Math.abs(found! - want) < 1e-9, `${found}`);
    });
  }

  test("nothing of nothing, and one point tells about itself alone", () => {
    assert.equal(costAtShare([], 0.05), null);
    assert.equal(costAtShare(front.slice(0, 1), 0.02), 300);
    assert.equal(costAtShare(front.slice(0, 1), 0.03), null);
  });
});

describe("over all cells", () => {
  const cells: SummaryCell[] = [
    {
      bounds: { isFeasible: true },
      rows: [
        row("hpa", 0.02, 400, 2),
        row("kpa", 0.08, 200),
        row("models/mine", 0.05, 240, 1.2),
        row("oracle", 0.3, 90),
      ],
    },
    {
      bounds: { isFeasible: true },
      rows: [
        row("hpa", 0.04, 900, 3),
        row("kpa", 0.05, 300, 1),
        row("models/mine", 0.05, 600, 2),
        row("oracle", 0.2, 80),
      ],
    },
    {
      // Nobody is judged by it.
      bounds: { isFeasible: false },
      rows: [row("hpa", 0.5, 1), row("kpa", 0.6, 1), row("models/mine", 0.7, 1), row("oracle", 0.9, 1)],
    },
  ];
  const summaries = summaryOf(cells);
  const of = (policy: string) => summaries.find((one) => one.policy === policy)!;
  const near = (found: number | null, want: number) => assert.ok(Math.abs(found! - want) < 1e-9, `${found}, ${want}`);

  test("counts the feasible cells that are kept, and takes the geometric mean of regret over them", () => {
    assert.deepEqual([of("hpa").kept, of("kpa").kept, of("models/mine").kept, of("hpa").feasible], [2, 1, 2, 2]);
    near(of("models/mine").regret, Math.sqrt(1.2 * 2));
    near(of("kpa").regret, 1);
    assert.equal(of("oracle").regret, null);
  });

  test("holds a policy against the rules' front in each cell, at its own late share and within the front's range", () => {
    // At 5 % the first cell's front of hpa and kpa costs 300, the second's 300: 240 / 300 and 600 / 300.
    near(of("models/mine").frontMultiple, Math.sqrt(0.8 * 2));
    assert.deepEqual([of("models/mine").frontCells, of("models/mine").outsideFront], [2, 0]);
    // What is left of the front is one point, elsewhere; a model is no setting of a rule.
    assert.deepEqual([of("kpa").frontCells, of("kpa").outsideFront], [0, 2]);
    assert.equal(of("oracle").frontMultiple, null);
  });

  test("names the cheapest other rule that keeps as many cells", () => {
    const best = of("models/mine").cheapestAsGood!;
    assert.deepEqual([best.policy, best.cells], ["hpa", 2]);
    near(best.multiple, Math.sqrt((240 / 400) * (600 / 900)));
    assert.equal(of("hpa").cheapestAsGood, null);
    // Both keep the second cell alone.
    assert.deepEqual(of("kpa").cheapestAsGood, { policy: "hpa", multiple: 300 / 900, cells: 1 });
  });
});

describe("what a person reads of it", () => {
  const cell = (rateScale: number, lateShareAtMost: number) => ({
    ...({
      trace: "t",
      profile: "stress",
      rateScale,
      slo: { seconds: 3, percentile: 95 },
      startCostSeconds: 15,
    } as const),
    ...{ calls: 1, needed: null, maxReplicas: 24, oracle: null },
    foresight: {
      ...{ isFeasible: lateShareAtMost <= 0.05, lateShareAtMost, lower: 1, upper: 1, gap: 1, byUtilisation: 1 },
      ...{ lateShare: 0.05, luck: 0, simulations: 40 },
    },
  });

  test("infeasible cells are listed, with a word where they are more than a tenth", () => {
    const one = infeasibleLines([cell(1, 0.01), cell(9, 0.074)]);
    assert.match(one[1]!, /^infeasible cells, more than a tenth of all 2: /);
    assert.equal(one[2], "  t × 9, stress: 7.4 % of 5 % used with the maximum held throughout");
    const many = [...Array.from({ length: 10 }, (_, i) => cell(i + 1, 0.01)), cell(99, 0.2)];
    assert.equal(infeasibleLines(many)[1], "infeasible cells:");
    assert.deepEqual(infeasibleLines([cell(1, 0.01)]), []);
  });

  test("a policy below the lower bound is told in a sentence", () => {
    const found = { ...cell(1, 0.01), foresight: { ...cell(1, 0.01).foresight, lower: 1000 } };
    const name = { trace: "t", profile: "stress", rateScale: 1 };
    const rows = [
      { ...row("hpa", 0.05, 1001), ...name },
      { ...row("kpa", 0.05, 900), ...name },
    ] as EvaluationRow[];
    assert.deepEqual(belowBounds({ rows, cells: [found] }), [
      "'kpa' keeps the SLO of t × 1, profile stress, for less than the lower bound 1000: the bound or the simulator is wrong",
    ]);
  });

  test("a single cell needs no summary", () =>
    assert.deepEqual(summaryLines({ rows: [], cells: [cell(1, 0.01)] }), []));
});
