/** The families of made-up loads: each has its rate, and the shape that its name says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { familyOf } from "#shared/sim/loads/classify.ts";
import { demandOf } from "#shared/sim/loads/need.ts";
import { FAMILIES, familyTrace, type Family } from "#shared/sim/workloads/families.ts";

const SECONDS = 4 * 3600;
const demandFor = (family: Family, seed: number) =>
  demandOf(familyTrace(family, { meanRps: 2, durationSeconds: SECONDS, random: seededRandom(seed) }), SECONDS);

describe("families of load", () => {
  for (const family of FAMILIES) {
    test(`${family}: whole counts, its mean rate, and the same again by the same seed`, () => {
      const make = (seed: number) =>
        familyTrace(family, { meanRps: 2, durationSeconds: SECONDS, random: seededRandom(seed) });
      const { counts, binSeconds, format } = make(3);
      assert.equal(counts.length * binSeconds, SECONDS);
      assert.equal(format, "counts-binned");
      assert.ok(counts.every((count) => Number.isInteger(count) && count >= 0));
      assert.deepEqual(make(3), make(3));
      assert.notDeepEqual(make(4).counts, counts);
      const mean = Array.from({ length: 30 }, (_, seed) => demandFor(family, seed).mean).reduce((a, b) => a + b) / 30;
      assert.ok(Math.abs(mean - 2) < 0.06, `${mean}`);
    });
  }

  // Four hours of a day are a level or a slope, and requests to a model are told by their work: those are not judged by shape.
  for (const { family, least } of [
    { family: "steady", least: 28 },
    { family: "seasonal", least: 24 },
    { family: "ramp", least: 20 },
    { family: "flash", least: 25 },
    { family: "spike", least: 25 },
    { family: "intermittent", least: 28 },
  ] as const) {
    test(`${family}: at least ${least} of 30 look like it`, () => {
      const found = Array.from({ length: 30 }, (_, seed) => familyOf(demandFor(family, seed)));
      assert.ok(found.filter((one) => one === family).length >= least, found.join(" "));
    });
  }

  test("a day swings, and is diurnal by its length", () => {
    const day = 86_400;
    for (let seed = 0; seed < 5; seed++) {
      const trace = familyTrace("diurnal", { meanRps: 2, durationSeconds: day, random: seededRandom(seed) });
      const demand = demandOf(trace, day);
      assert.equal(familyOf(demand), "diurnal");
      const hours = Array.from({ length: 24 }, (_, hour) =>
        demand.workPerSecond.slice(120 * hour, 120 * (hour + 1)).reduce((a, b) => a + b / 120, 0),
      );
      assert.ok(Math.max(...hours) / Math.min(...hours) > 1.8, hours.join(" "));
    }
  });

  test("what cannot be is refused", () => {
    const random = seededRandom(1);
    assert.throws(() => familyTrace("ramp", { meanRps: 0, durationSeconds: 60, random }), BadInputError);
    assert.throws(() => familyTrace("ramp", { meanRps: 1, durationSeconds: 1, random }), BadInputError);
  });
});
