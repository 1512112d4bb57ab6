/** An SLO's budget, and how it is said. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { budgetOf, budgetWords, SLO_PERCENTILES, sloWords } from "#shared/core/slo.ts";

describe("an SLO", () => {
  test("its budget is what the percentile leaves", () => {
    assert.deepEqual(
      SLO_PERCENTILES.map((percentile) => budgetOf({ seconds: 1, percentile })),
      [0.1, 0.05, 0.01, 0.001],
    );
  });

  test("it is said as a person would", () => {
    const slo = { seconds: 3, percentile: 95 } as const;
    assert.equal(sloWords(slo), "95 % within 3 s");
    assert.equal(budgetWords(0.031, slo), "3.1 % of 5 % used");
    assert.equal(budgetWords(0.0004, { seconds: 3, percentile: 99.9 }), "0.04 % of 0.1 % used");
    assert.equal(budgetWords(null, slo), "budget 5 %, use not measured");
  });
});
