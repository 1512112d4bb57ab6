/** The functions that are drawn for loads: busy with what they get, and able to keep what they promise. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { drawFunction, serviceSeconds } from "#shared/sim/loads/draw-function.ts";
import { profileOf } from "#shared/sim/loads/load.ts";
import { type Demand, needOf } from "#shared/sim/loads/need.ts";
import type { DrawnFunction } from "#shared/sim/loads/recipe.ts";

/** Most of the time at the mean, for one window in fifty at the peak. */
function demand(mean: number, peakToMean: number): Demand {
  const rest = (50 - peakToMean) / 49;
  const workPerSecond = Array.from({ length: 100 }, (_, i) => mean * (i % 50 === 0 ? peakToMean : rest));
  return { workPerSecond, calls: 100 * 30 * mean, mean, peak: peakToMean * mean };
}

const RATES = [0.2, 0.5, 1, 2, 5, 10, 20, 50];
const all = RATES.flatMap((rate) =>
  [1.2, 3, 8, 20].flatMap((peakToMean) =>
    Array.from({ length: 40 }, (_, seed) => {
      const asked = demand(rate, peakToMean);
      return { asked, recipe: drawFunction(asked, "spike", seededRandom(`${rate}/${peakToMean}/${seed}`))! };
    }),
  ),
);
const drawn = all.filter(({ recipe }) => typeof recipe === "object");

describe("the function drawn for a load", () => {
  test("is kept busy: one to ten replicas on average, and its peaks fit", () => {
    for (const { asked, recipe } of all) {
      const profile = profileOf(recipe);
      const need = needOf(asked, profile);
      assert.ok(need.mean >= 1 && need.mean <= 10, `${JSON.stringify(recipe)}: ${need.mean}`);
      assert.ok(need.peak <= 25 && need.peak <= profile.maxReplicas && profile.maxReplicas <= 48);
    }
  });

  test("is a shipped one now and then, where the rate suits it", () => {
    const shipped = all.flatMap(({ asked, recipe }) => (typeof recipe === "string" ? [{ asked, recipe }] : []));
    assert.deepEqual([...new Set(shipped.map(({ recipe }) => recipe))].sort(), ["api", "heavy", "io", "stress"]);
    assert.ok(drawn.length > 0.5 * all.length);
    const api = shipped.filter(({ recipe }) => recipe === "api");
    assert.ok(api.every(({ asked }) => asked.mean === 50));
  });

  test("its service times span two decades, its starts 1–60 s, and every part of it varies", () => {
    const of = (value: (one: DrawnFunction) => number) =>
      drawn.map(({ recipe }) => value(recipe as DrawnFunction)).sort((a, b) => a - b);
    const quantiles = (values: readonly number[]) => [0.05, 0.95].map((q) => values[Math.floor(q * values.length)]!);
    const [quick, slow] = quantiles(of((one) => serviceSeconds(profileOf(one))));
    assert.ok(slow! / quick! > 100, `${quick}–${slow}`);
    const [early, late] = quantiles(of((one) => one.startMedianSeconds));
    assert.ok(early! < 1.5 && late! > 40 && of((one) => one.startMedianSeconds).every((s) => s >= 1 && s <= 60));
    assert.ok(new Set(of((one) => one.maxInflight)).size >= 4);
    assert.ok(of((one) => one.sleepSeconds)[0] === 0);
    assert.ok(of((one) => one.sleepSeconds / (one.sleepSeconds + one.cpuSeconds)).at(-1)! > 0.8);
  });

  test("its SLO is 3–60 service times, and above what a heavy call takes on an empty platform", () => {
    for (const { recipe } of drawn) {
      const { cpuLimitCores, sloSeconds, workCv } = recipe as DrawnFunction;
      const service = serviceSeconds(profileOf(recipe));
      assert.ok(sloSeconds >= 2.99 * service && sloSeconds <= 66 * service && sloSeconds <= 30, JSON.stringify(recipe));
      // (Two digits, rounded up.) One call in a hundred is heavier than this.
      const sigma = Math.sqrt(Math.log(1 + workCv ** 2));
      const heavy = Math.exp(2.326 * sigma - sigma ** 2 / 2) * service + (cpuLimitCores < 1 ? 0.1 : 0);
      assert.ok(sloSeconds > heavy, JSON.stringify(recipe));
    }
    const tightness = drawn.map(
      ({ recipe }) => (recipe as DrawnFunction).sloSeconds / serviceSeconds(profileOf(recipe)),
    );
    assert.ok(tightness.some((one) => one < 4) && tightness.some((one) => one > 30));
  });

  test("requests to a model are never a shipped function's, and their work varies", () => {
    for (let seed = 0; seed < 40; seed++) {
      const recipe = drawFunction(demand(1, 2), "llm", seededRandom(seed));
      assert.ok(typeof recipe === "object" && recipe !== null && recipe.workCv >= 0.6);
    }
  });

  test("same chance, same function; a load torn by its peaks has none", () => {
    assert.deepEqual(
      drawFunction(demand(3, 4), "ramp", seededRandom(9)),
      drawFunction(demand(3, 4), "ramp", seededRandom(9)),
    );
    assert.equal(drawFunction(demand(1, 30), "spike", seededRandom(1)), null);
    assert.equal(drawFunction(demand(0.01, 2), "spike", seededRandom(1)), null);
  });
});
