import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { resolvePolicy } from "#shared/evaluation/policies.ts";
import { latinHypercube } from "#shared/evaluation/tune/candidates.ts";
import { compareScores, scoreOf, type Score } from "#shared/evaluation/tune/score.ts";
import { searchRule } from "#shared/evaluation/tune/search.ts";
import { nameOf, TUNABLE, tunableRule } from "#shared/evaluation/tune/space.ts";

describe("what can be tuned", () => {
  for (const rule of Object.keys(TUNABLE)) {
    test(`${rule}: every corner of its range is a policy that can be used`, async () => {
      for (const end of ["low", "high"] as const) {
        const tunable = tunableRule(rule);
        await resolvePolicy(
          nameOf(
            tunable,
            tunable.dimensions.map((dimension) => dimension[end]),
          ),
        );
      }
    });
  }

  test("suffixes go along, options do not", async () => {
    assert.equal(
      nameOf(tunableRule("kpa@30s"), [0.5, 60, 2, 0]),
      "kpa:utilisation=0.5,stable=60,threshold=2,delay=0@30s",
    );
    assert.equal(nameOf(tunableRule("fixed"), [4]), "fixed:4");
    assert.equal(nameOf(tunableRule("hpa@bare"), null), "hpa@bare");
    assert.equal(nameOf(tunableRule("openfaas-pro@stabilised"), null), "openfaas-pro");
    const guarded = nameOf(tunableRule("openfaas-pro@stabilised"), [0.5, 30, 60]);
    assert.equal(guarded, "openfaas-pro:proportion=0.5,down-window=30@stabilised=60");
    assert.deepEqual((await resolvePolicy(guarded)).guardSettings, { stabilisationSeconds: 60 });
    assert.equal(nameOf(tunableRule("kpa@30s@stabilised"), [0.5, 60, 2, 0, 15]).slice(-18), "@30s@stabilised=15");
    assert.throws(
      () => tunableRule("hpa:cpu=50"),
      /^BadInputError: tune: the policy must be one of fixed, hpa, .*, was: 'hpa:cpu=50'$/,
    );
    assert.throws(() => tunableRule("random"), /was: 'random'$/);
  });
});

describe("draws", () => {
  const dimension = { key: "x", low: 0, high: 100, step: 1 };

  test("meet each stratum of a range once", () => {
    const values = latinHypercube([dimension], 10, seededRandom(1)).map(([x]) => x!);
    const strata = values.map((x) => Math.min(9, Math.floor((x - 0.5) / 10))).sort((a, b) => a - b);
    // Rounding may carry a value over a border, never further.
    strata.forEach((stratum, i) => assert.ok(Math.abs(stratum - i) <= 1, `${values.join(" ")}`));
    assert.deepEqual(values, latinHypercube([dimension], 10, seededRandom(1)).flat());
  });

  for (const { centre, low, high } of [
    { centre: 50, low: 33, high: 67 },
    { centre: 0, low: 0, high: 34 },
    { centre: 100, low: 66, high: 100 },
  ]) {
    test(`around ${centre} stay within a third of the range`, () => {
      const values = latinHypercube([dimension], 20, seededRandom(2), [centre]).map(([x]) => x!);
      assert.ok(Math.min(...values) >= low && Math.max(...values) <= high, values.join(" "));
    });
  }

  test("are spread in the logarithm where the range is said to be so, and written as decimals", () => {
    const values = latinHypercube([{ key: "x", low: 0.1, high: 10, step: 0.1, isLog: true }], 40, seededRandom(3)).map(
      ([x]) => x!,
    );
    const below = values.filter((x) => x <= 1).length;
    assert.ok(below >= 19 && below <= 22, `${below}`);
    assert.ok(
      values.every((x) => `${x}`.length <= 4),
      values.join(" "),
    );
  });
});

describe("the score", () => {
  test("takes means over cells, each with the same weight", () => {
    const outcomes = [
      { sloViolationShare: 0.02, cost: 300, oracleCost: 100 },
      { sloViolationShare: 0.06, cost: 10_000, oracleCost: 10_000 },
    ];
    assert.deepEqual(scoreOf(outcomes, 0.05), { sloViolationShare: 0.04, oracleMultiple: 2, isFeasible: true });
    assert.equal(scoreOf(outcomes, 0.03).isFeasible, false);
  });

  const score = (sloViolationShare: number, oracleMultiple: number, isFeasible: boolean): Score => ({
    sloViolationShare,
    oracleMultiple,
    isFeasible,
  });
  for (const { name, better, worse } of [
    { name: "feasible before infeasible, at any cost", better: score(0.05, 9, true), worse: score(0.06, 1, false) },
    { name: "of feasible ones the cheaper", better: score(0.05, 1, true), worse: score(0.01, 2, true) },
    { name: "at equal cost the one with fewer violations", better: score(0.01, 2, true), worse: score(0.02, 2, true) },
    {
      name: "of infeasible ones the one with fewer violations",
      better: score(0.2, 9, false),
      worse: score(0.3, 1, false),
    },
  ]) {
    test(name, () => {
      assert.ok(compareScores(better, worse) < 0);
      assert.ok(compareScores(worse, better) > 0);
    });
  }
});

describe("the search", () => {
  /** Violations fall and cost rises with x; the cheapest feasible x is 40. */
  const optimum = 40;
  const evaluateWith = (asked: string[][]) => async (policies: readonly string[]) => {
    asked.push([...policies]);
    return policies.map((policy): Score => {
      const x = Number(/cpu=(\d+)/.exec(policy)?.[1] ?? 90);
      return { sloViolationShare: x / 800, oracleMultiple: 100 / x, isFeasible: x <= optimum };
    });
  };

  test("begins with the rule as it comes, keeps its budget, and comes close to the optimum", async () => {
    const asked: string[][] = [];
    const rule = tunableRule("hpa");
    const search = await searchRule({ rule, budget: 40, random: seededRandom(1), evaluate: evaluateWith(asked) });
    assert.equal(asked.length, 2);
    assert.equal(asked[0]![0], "hpa");
    assert.ok(search.candidates.length <= 40 && search.candidates.length >= 38, `${search.candidates.length}`);
    const found = Number(/cpu=(\d+)/.exec(search.best.policy)![1]);
    assert.ok(found <= optimum && found >= optimum - 4, `${found}`);
  });

  test("is the same again, and another with another seed", async () => {
    const names = async (seed: number) => {
      const options = { rule: tunableRule("hpa"), budget: 12, random: seededRandom(seed), evaluate: evaluateWith([]) };
      return (await searchRule(options)).candidates.map(({ policy }) => policy);
    };
    assert.deepEqual(await names(1), await names(1));
    assert.notDeepEqual(await names(1), await names(2));
  });

  test("with a budget of one there is the rule as it comes", async () => {
    const options = { rule: tunableRule("hpa"), budget: 1, random: seededRandom(1), evaluate: evaluateWith([]) };
    assert.deepEqual(
      (await searchRule(options)).candidates.map(({ policy }) => policy),
      ["hpa"],
    );
  });

  test("equal candidates are tried once", async () => {
    const asked: string[][] = [];
    await searchRule({
      rule: tunableRule("fixed"),
      budget: 60,
      random: seededRandom(1),
      evaluate: evaluateWith(asked),
    });
    const all = asked.flat();
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.length <= 24);
  });
});
