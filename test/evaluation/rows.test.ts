import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { planJobs, type Matrix } from "#shared/evaluation/matrix.ts";
import { dominates, paretoFront } from "#shared/evaluation/pareto.ts";
import { rowsOf } from "#shared/evaluation/rows.ts";
import type { SimTotals } from "#shared/sim/simulate.ts";

const TOTALS: SimTotals = {
  durationSeconds: 100,
  calls: 50,
  ok: 49,
  failed: 1,
  failedByClass: { "502": 1 },
  sloViolationShare: 0.1,
  meanSeconds: 1,
  p50Seconds: 1,
  p95Seconds: 2,
  p99Seconds: 3,
  windowsFullyServedShare: 0.75,
  replicaSeconds: 200,
  churn: 4,
  reversals: 2,
  coldStarts: 1,
  replicaStarts: 2,
  outOfMemory: 0,
  clippedDecisions: 3,
  heldDecisions: 1,
};

const TERMS = { slo: { seconds: 3, percentile: 95 }, startCostSeconds: 15 } as const;

const MATRIX: Matrix = {
  cells: [
    { trace: "a", profile: "stress", rateScale: 1, ...TERMS },
    { trace: "a", profile: "stress", rateScale: 4, ...TERMS },
  ],
  policies: ["hpa", "fixed:9"],
  seeds: [1, 2],
};

describe("the matrix", () => {
  test("runs foresight and the oracle on every cell and seed, asked for or not, and keeps the first seed's time line", () => {
    const jobs = planJobs(MATRIX);
    assert.equal(jobs.length, 2 * 2 * 4);
    assert.deepEqual(jobs.slice(0, 4), [
      { cell: 0, policy: "foresight", seed: 1, detail: "timeline" },
      { cell: 0, policy: "oracle", seed: 1, detail: "timeline" },
      { cell: 0, policy: "hpa", seed: 1, detail: "timeline" },
      { cell: 0, policy: "fixed:9", seed: 1, detail: "timeline" },
    ]);
    assert.equal(jobs.filter(({ detail }) => detail === "timeline").length, 8);
    assert.equal(planJobs({ ...MATRIX, policies: ["oracle", "hpa"] }).length, 2 * 2 * 3);
  });

  test("a row takes its runs by cell, policy and seed, and its multiple in pairs with the oracle", () => {
    const jobs = planJobs(MATRIX).reverse();
    const totals = jobs.map(({ cell, policy, seed }) => ({
      ...TOTALS,
      // The multiples are 200/100 and 600/200: their mean is 2.5, not 800/300.
      replicaSeconds: policy === "oracle" ? 100 * seed : policy === "hpa" ? (seed === 1 ? 200 : 600) : 900,
      sloViolationShare: 0.1 * seed + cell / 100,
      p95Seconds: seed === 1 ? null : 2,
    }));
    const rows = rowsOf(MATRIX, jobs, totals);
    assert.deepEqual(
      rows.map(({ policy, rateScale, seeds }) => ({ policy, rateScale, seeds })),
      [
        { policy: "hpa", rateScale: 1, seeds: 2 },
        { policy: "fixed:9", rateScale: 1, seeds: 2 },
        { policy: "hpa", rateScale: 4, seeds: 2 },
        { policy: "fixed:9", rateScale: 4, seeds: 2 },
      ],
    );
    const [hpa, fixed] = rows;
    assert.deepEqual(hpa!.oracleMultiple, { mean: 2.5, lo: 2, hi: 3 });
    assert.deepEqual(hpa!.replicaSeconds, { mean: 400, lo: 200, hi: 600 });
    assert.deepEqual(fixed!.replicaSeconds, { mean: 900, lo: 900, hi: 900 });
    assert.ok(Math.abs(rows[2]!.sloViolationShare.mean - 0.16) < 1e-12);
    // Known in one of the two runs.
    assert.equal(hpa!.p95Seconds, 2);
    assert.equal(hpa!.failedShare, 0.02);
    assert.equal(hpa!.replicasMean, 4);
    assert.deepEqual(
      rows.map(({ isParetoOptimal }) => isParetoOptimal),
      [true, false, true, false],
    );
  });

  test("cost has the price of starts in it; regret is told where foresight and the policy keep the SLO", () => {
    const matrix = { ...MATRIX, policies: ["kept", "late", "foresight"], seeds: [1, 2] };
    const jobs = planJobs(matrix);
    const rows = rowsOf(
      matrix,
      jobs,
      jobs.map(({ policy, seed, cell }) => ({
        ...TOTALS,
        // In the second cell nobody keeps it, foresight neither.
        sloViolationShare: cell === 1 ? 0.2 : policy === "late" ? 0.06 : 0.05,
        replicaSeconds: policy === "foresight" ? 70 : 170 * seed,
        durationSeconds: 7200,
      })),
    );
    const [kept, late, foresight, kept2, , foresight2] = rows;
    assert.deepEqual(kept!.cost, { mean: 285, lo: 200, hi: 370 });
    assert.deepEqual(kept!.regret, { mean: 2.85, lo: 2, hi: 3.7 });
    assert.deepEqual([kept!.isKept, kept!.budget, kept!.replicaStarts, kept!.reversalsPerHour], [true, 0.05, 2, 1]);
    assert.deepEqual([late!.isKept, late!.regret, foresight!.isParetoOptimal], [false, null, null]);
    assert.deepEqual(foresight!.regret, { mean: 1, lo: 1, hi: 1 });
    assert.deepEqual([kept2!.isKept, kept2!.regret, foresight2!.regret], [false, null, null]);
  });

  test("live, where nobody counts starts, there is no cost", () => {
    const matrix = { ...MATRIX, policies: ["hpa"], seeds: [1] };
    const jobs = [0, 1].map((cell) => ({ cell, policy: "hpa", seed: 1, detail: "totals" as const }));
    const live = { ...TOTALS, sloViolationShare: 0, replicaStarts: null, reversals: null };
    const [row] = rowsOf(matrix, jobs, [live, live]);
    assert.deepEqual([row!.cost, row!.regret, row!.reversalsPerHour, row!.isKept], [null, null, null, true]);
    assert.equal(row!.isParetoOptimal, true);
  });

  test("an oracle is no rival, and nothing is a multiple of nothing", () => {
    const matrix = { ...MATRIX, policies: ["oracle", "oracle:utilisation=0.5", "hpa"], seeds: [1] };
    const jobs = planJobs(matrix);
    const rows = rowsOf(
      matrix,
      jobs,
      jobs.map(({ policy }) => ({ ...TOTALS, replicaSeconds: policy === "hpa" ? 200 : 0 })),
    );
    assert.deepEqual(
      rows.slice(0, 3).map(({ isParetoOptimal, oracleMultiple }) => ({ isParetoOptimal, oracleMultiple })),
      [
        { isParetoOptimal: null, oracleMultiple: null },
        { isParetoOptimal: null, oracleMultiple: null },
        { isParetoOptimal: true, oracleMultiple: null },
      ],
    );
  });
});

describe("Pareto dominance", () => {
  const at = (sloViolationShare: number, cost: number) => ({ sloViolationShare, cost });
  for (const { name, a, b, want } of [
    { name: "better on both", a: at(1, 1), b: at(2, 2), want: true },
    { name: "better on one, equal on the other", a: at(1, 2), b: at(2, 2), want: true },
    { name: "equal on both", a: at(1, 1), b: at(1, 1), want: false },
    { name: "better on one, worse on the other", a: at(1, 3), b: at(2, 2), want: false },
  ]) {
    test(name, () => assert.equal(dominates(a, b), want));
  }

  test("the front is who is beaten by nobody; equals stand together", () => {
    const all = [at(0, 9), at(5, 5), at(5, 5), at(6, 6), at(9, 0)];
    assert.deepEqual(paretoFront(all), [true, true, true, false, true]);
  });
});
