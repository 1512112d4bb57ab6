/** From a recipe to a load: the same one again, and nothing multiplied in secret. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { type Trace, traceInvocations } from "#shared/traces/trace.ts";
import { serviceSeconds } from "#shared/sim/loads/draw-function.ts";
import { loadOf, profileOf } from "#shared/sim/loads/load.ts";
import { demandOf, needOf } from "#shared/sim/loads/need.ts";
import type { LoadRecipe, PartRecipe } from "#shared/sim/loads/recipe.ts";
import { PROFILES } from "#shared/sim/profiles.ts";
import { DRAWN } from "#test/support/sim/loads.ts";

const counts = (name: string, binSeconds: number, values: readonly number[]): Trace => ({
  kind: "binned",
  format: "counts-binned",
  name,
  binSeconds,
  counts: values,
});
const TRACES: Readonly<Record<string, Trace>> = {
  "day.csv#row=1": counts("day.csv#row=1", 60, Array<number>(60).fill(30)),
  "day.csv#row=2": counts("day.csv#row=2", 60, Array<number>(60).fill(6)),
  "web.json": counts("web.json", 30, Array<number>(120).fill(9)),
};
const traceOf = (reference: string) => TRACES[reference]!;
const common = { name: "a-load", split: "train", family: "steady", durationSeconds: 1800, seed: 5 } as const;
const recorded = (parts: readonly PartRecipe[]): LoadRecipe => ({ ...common, parts, function: "stress" });

describe("a load", () => {
  test("of parts: each selection a function of its own, multiplied and thinned as told", () => {
    const load = loadOf(
      recorded([
        { file: "day.csv", select: ["row=1", "row=2"], fromSeconds: 600, times: 2 },
        { file: "web.json", fromSeconds: 0, seconds: 600, atSeconds: 1200, share: 0.5 },
      ]),
      traceOf,
    );
    assert.ok(load.trace.kind === "binned" && load.trace.counts.length === 1800);
    assert.equal(load.trace.name, "a-load");
    assert.equal(load.profile, PROFILES.stress);
    const total = (from: number, to: number) =>
      load.trace.kind === "binned" ? load.trace.counts.slice(from, to).reduce((a, b) => a + b, 0) : NaN;
    assert.equal(total(0, 1200), 20 * 2 * 36);
    const last = total(1200, 1800) - 10 * 2 * 36;
    assert.ok(last > 50 && last < 130, `${last} of 180 at a half`);
    assert.deepEqual(loadOf(load.recipe, traceOf), load);
  });

  test("made up: its family at its rate, by its seed alone", () => {
    const recipe: LoadRecipe = { ...common, meanRps: 4, function: "stress" };
    const load = loadOf(recipe, () => assert.fail("it takes no trace"));
    assert.ok(Math.abs(traceInvocations(load.trace) / 1800 - 4) < 0.5);
    assert.deepEqual(loadOf({ ...recipe, name: "a-load" }, traceOf), load);
    assert.notDeepEqual(loadOf({ ...recipe, seed: 6 }, traceOf).trace, load.trace);
  });

  test("takes no moment of a trace more than three times, however its parts lie", () => {
    const part = { file: "web.json", fromSeconds: 0, seconds: 900 };
    loadOf(recorded([{ ...part, times: 2 }, part]), traceOf);
    loadOf(
      recorded([
        { ...part, times: 3 },
        { ...part, fromSeconds: 900, times: 3 },
      ]),
      traceOf,
    );
    for (const parts of [
      [{ ...part, times: 3 }, part],
      [
        { ...part, times: 2 },
        { ...part, fromSeconds: 600, times: 2 },
      ],
      // Over the end of the trace, back to its beginning.
      [
        { ...part, times: 3 },
        { ...part, fromSeconds: 3000, share: 0.2 },
      ],
    ]) {
      assert.throws(
        () => loadOf(recorded(parts), traceOf),
        (thrown: unknown) =>
          thrown instanceof BadInputError &&
          /^load 'a-load': second \d+ of 'web\.json' must be taken at most 3 times, was: '\d/.test(thrown.message),
      );
    }
  });

  test("a drawn function is what its recipe says, on nodes that hold all of its replicas", () => {
    const drawn = DRAWN;
    const profile = profileOf(drawn);
    assert.equal(profile.name, "drawn");
    assert.deepEqual(profile.slo, { seconds: 2, percentile: 95 });
    assert.equal(serviceSeconds(profile), 0.5);
    assert.deepEqual([profile.minReplicas, profile.maxReplicas, profile.rateScale], [1, 30, 1]);
    const { nodes, nodeCores, cpuRequestCores, startMedianSeconds, startFloorSeconds, maxInflight } =
      profile.parameters;
    assert.deepEqual([cpuRequestCores, startMedianSeconds, startFloorSeconds, maxInflight], [0.5, 20, 1.2, 8]);
    assert.ok(nodes * Math.floor(nodeCores / cpuRequestCores) >= 30);
    assert.equal(profileOf({ ...drawn, startMedianSeconds: 1 }).parameters.startFloorSeconds, 0.6);
    assert.throws(() => profileOf({ ...drawn, cpuLimitCores: 4 }), BadInputError);
  });
});

describe("the demand of a load", () => {
  test("is that of its windows; a bin over an edge is shared out", () => {
    const demand = demandOf(counts("a", 60, [60, 0, 120]), 180);
    assert.deepEqual(demand.workPerSecond, [1, 1, 0, 0, 2, 2]);
    assert.deepEqual([demand.calls, demand.mean, demand.peak], [180, 1, 2]);
    assert.deepEqual(demandOf(counts("a", 20, [20, 20, 20]), 60).workPerSecond, [1, 1]);
    const instants = {
      kind: "instants",
      format: "llm",
      name: "i",
      arrivalSeconds: [1, 31, 32],
      durationSeconds: 60,
    } as const;
    assert.deepEqual(demandOf({ ...instants, work: [3, 6, 3] }, 60).workPerSecond, [0.1, 0.3]);
    assert.deepEqual(demandOf(instants, 60).workPerSecond, [1 / 30, 2 / 30]);
  });

  test("needs whole replicas in every window, one at least", () => {
    // `stress` has 0.1 CPU-seconds on 0.1 core: 0.7 calls a second for each replica.
    const demand = demandOf(counts("a", 30, [0, 21, 42, 43]), 120);
    assert.deepEqual(needOf(demand, PROFILES.stress), { mean: (1 + 1 + 2 + 3) / 4, peak: 3 });
  });
});
