/** The scenarios that a load's own past gives, one pattern after the other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { forecast, type Scenario } from "#shared/budget/forecast.ts";

const SETTINGS = { halfLife: 240, likeness: 0.15, depth: 0.9 };

const chanceOf = (scenarios: readonly Scenario[], least: number, most: number) =>
  scenarios.reduce((sum, { chance, arrivals }) => (arrivals >= least && arrivals <= most ? sum + chance : sum), 0);

describe("a forecast by likeness", () => {
  test("its chances sum to 1 for each window ahead, whatever was", () => {
    const counts = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 12 }), (past, windows) => {
        const ahead = forecast(past, windows, SETTINGS);
        assert.equal(ahead.length, windows);
        for (const scenarios of ahead) {
          assert.ok(Math.abs(chanceOf(scenarios, 0, Infinity) - 1) < 1e-9);
          assert.ok(scenarios.every(({ chance, arrivals }) => chance > 0 && Number.isFinite(arrivals)));
        }
      }),
    );
  });

  test("of one window it says that the next will be like it", () => {
    assert.deepEqual(forecast([70], 2, SETTINGS), [[{ chance: 1, arrivals: 70 }], [{ chance: 1, arrivals: 70 }]]);
  });

  test("counts that differ by chance alone are no change", () => {
    const past = [100, 107, 95, 103, 92, 104, 99, 100];
    const [next] = forecast(past, 1, SETTINGS);
    assert.ok(chanceOf(next!, 98, 102) > 0.9, JSON.stringify(next));
  });

  test("a burst every tenth window is seen coming in the window before it, and not in the others", () => {
    const past = Array.from({ length: 119 }, (_, i) => (i % 10 === 9 ? 500 : 20));
    const before = forecast(past.slice(0, 109), 10, SETTINGS);
    assert.ok(chanceOf(before[0]!, 400, 600) > 0.5, "the tenth is next");
    assert.ok(chanceOf(before[1]!, 400, 600) < 0.1, "and not the one after");
    const after = forecast(past.slice(0, 111), 9, SETTINGS);
    assert.ok(chanceOf(after[0]!, 400, 600) < 0.1);
    assert.ok(chanceOf(after[8]!, 400, 600) > 0.5, "nine windows on");
  });

  test("what happened once may have been an accident; what happened twice is a habit", () => {
    const quiet = Array<number>(40).fill(10);
    const [once] = forecast([...quiet, 300, 300, ...quiet], 1, SETTINGS);
    const [twice] = forecast([...quiet, 300, 300, ...quiet, 300, 300, ...quiet], 1, SETTINGS);
    assert.ok(chanceOf(once!, 200, 400) < 0.005, JSON.stringify(once));
    assert.ok(chanceOf(twice!, 200, 400) > 3 * chanceOf(once!, 200, 400), JSON.stringify(twice));
  });

  test("what is long ago counts less than what was lately", () => {
    const rises = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 50 : 400));
    const falls = Array.from({ length: 101 }, (_, i) => (i % 2 === 0 ? 50 : 10));
    const [next] = forecast([...rises, ...falls], 1, { ...SETTINGS, halfLife: 20, depth: 0 });
    assert.ok(chanceOf(next!, 0, 30) > 10 * chanceOf(next!, 300, 500));
  });
});
