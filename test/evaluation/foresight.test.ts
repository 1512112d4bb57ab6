import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { belowLowerBound, boundsOfCell } from "#shared/evaluation/bounds-of-cell.ts";
import { costOf } from "#shared/evaluation/cost.ts";
import { foresee } from "#shared/evaluation/foresight/bounds.ts";
import { cheapestCounts } from "#shared/evaluation/foresight/counts.ts";
import { planOf } from "#shared/evaluation/foresight/plan.ts";
import { SharedReplicas } from "#shared/evaluation/foresight/shared-replicas.ts";
import { busyReplicas, slotsOf } from "#shared/evaluation/foresight/slots.ts";
import { resolvePolicy } from "#shared/evaluation/policies.ts";
import { evaluateRun, scheduleOf, type Cell } from "#shared/evaluation/run.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { SMALL_CELL, SMALL_TRACE } from "#test/support/evaluation.ts";

const START_COST = 15;
const sure = (mean: number) => ({ mean, lo: mean, hi: mean });

/** Thirty minutes of waves. */
const WAVES: BinnedTrace = {
  ...SMALL_TRACE,
  name: "waves",
  counts: Array.from({ length: 60 }, (_, bin) => Math.round(80 + 70 * Math.sin(bin / 4))),
};

const CELLS: readonly { readonly name: string; readonly cell: Cell }[] = [
  { name: "stress, a burst and a gap", cell: SMALL_CELL },
  { name: "stress, waves", cell: { ...SMALL_CELL, trace: WAVES } },
  { name: "io, waves", cell: { trace: WAVES, profile: simProfile("io"), rateScale: 3 } },
  { name: "heavy, waves", cell: { trace: WAVES, profile: simProfile("heavy"), rateScale: 0.5 } },
];

const RULES = [
  ...[2, 4, 6, 9, 13, 18].map((n) => `fixed:${n}@bare`),
  ...["hpa", "hpa:cpu=40", "kpa", "kpa:utilisation=0.4", "openfaas-pro", "openfaas-pro:proportion=0.5"],
  ...["oracle", "oracle:utilisation=0.5", "oracle:utilisation=0.4", "oracle:utilisation=0.3", "foresight"],
];

describe("no policy that keeps the SLO is below the lower bound", () => {
  for (const { name, cell } of CELLS) {
    test(name, async () => {
      const terms = { slo: cell.profile.slo, startCostSeconds: START_COST };
      const seeds = [1, 2];
      const schedules = seeds.map((seed) => scheduleOf(cell, seed));
      const found = schedules.map((schedule, i) => foresee(schedule, cell.profile, seeds[i]!).bounds);
      const bounds = boundsOfCell(found, terms);
      assert.ok(bounds.isFeasible && bounds.lower! > 0);
      assert.ok(bounds.gap! < 1.4, `the gap is ${bounds.gap}`);
      assert.ok(found.every(({ isKept }) => isKept));
      const judged = await Promise.all(
        RULES.map(async (rule) => {
          const policy = await resolvePolicy(rule);
          const runs = schedules.map(
            (schedule, i) =>
              evaluateRun({ schedule, profile: cell.profile, policy, seed: seeds[i]!, guard: "on", detail: "totals" })
                .totals,
          );
          const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
          return {
            policy: rule,
            sloViolationShare: sure(mean(runs.map(({ sloViolationShare }) => sloViolationShare))),
            cost: sure(mean(runs.map((totals) => costOf(totals, START_COST)!))),
          };
        }),
      );
      assert.deepEqual(belowLowerBound(judged, bounds, terms), []);
      const foresight = judged.at(-1)!.cost.mean;
      assert.ok(Math.abs(foresight / bounds.upper! - 1) < 1e-3, `${foresight}, ${bounds.upper}`);
      const kept = judged.filter(({ sloViolationShare }) => sloViolationShare.mean <= 0.05);
      assert.ok(kept.length > 2, "some rule keeps the SLO, or nothing is checked");
      for (const { policy, cost } of kept) {
        assert.ok(cost.mean >= 0.97 * foresight, `${policy} costs ${cost.mean}, foresight ${foresight}`);
      }
    });
  }

  test("and one that is would be named", () => {
    const bounds = boundsOfCell([bound({ lower: 1000, luck: 10 })], TERMS);
    const row = (policy: string, lateShare: number, cost: number | null) => ({
      policy,
      sloViolationShare: sure(lateShare),
      cost: cost === null ? null : sure(cost),
    });
    const rows = [
      row("kept-too-cheaply", 0.05, 900),
      row("kept-by-luck", 0.05, 970),
      row("late", 0.06, 500),
      row("live", 0.01, null),
    ];
    assert.deepEqual(belowLowerBound(rows, bounds, TERMS), ["kept-too-cheaply"]);
  });
});

describe("perfect foresight", () => {
  test("what its plan was found to do in the search is what it does in a run", async () => {
    const schedule = scheduleOf(SMALL_CELL, 1);
    const { profile } = SMALL_CELL;
    const policy = await resolvePolicy("foresight");
    const { totals, bounds } = evaluateRun({ schedule, profile, policy, seed: 1, guard: "on", detail: "totals" });
    assert.deepEqual(bounds, foresee(schedule, profile, 1).bounds);
    assert.equal(totals.sloViolationShare, bounds!.lateShare);
    assert.ok(Math.abs(costOf(totals, START_COST)! - bounds!.upper) < 1e-6);
    assert.ok(bounds!.byUtilisation! >= bounds!.upper);
  });

  test("a dearer start makes fewer of them", async () => {
    const startsAt = async (startCostSeconds: number) => {
      const profile = { ...SMALL_CELL.profile, startCostSeconds };
      const policy = await resolvePolicy("foresight");
      const schedule = scheduleOf({ ...SMALL_CELL, trace: WAVES }, 1);
      return evaluateRun({ schedule, profile, policy, seed: 1, guard: "on", detail: "totals" }).totals.replicaStarts;
    };
    assert.ok((await startsAt(200)) < (await startsAt(0)));
  });

  test("a cell is infeasible only where the maximum held throughout breaks the SLO", () => {
    const far = scheduleOf({ ...SMALL_CELL, rateScale: 40 }, 1);
    const { bounds, plan } = foresee(far, SMALL_CELL.profile, 1);
    assert.ok(bounds.lateShareAtMost > 0.05);
    assert.deepEqual([bounds.lower, bounds.isKept], [null, false]);
    assert.deepEqual(plan, [{ atSeconds: 2, replicas: 24 }]);
    const cell = boundsOfCell([bounds], TERMS);
    assert.deepEqual([cell.isFeasible, cell.lower, cell.upper, cell.gap], [false, null, null, null]);
  });

  test("nothing to do takes the minimum", () => {
    const none = {
      durationSeconds: 300,
      windowSeconds: 30,
      offsetSeconds: new Float64Array(),
      work: new Float32Array(),
    };
    const { bounds, plan } = foresee(none, SMALL_CELL.profile, 1);
    assert.deepEqual(plan, []);
    assert.equal(bounds.upper, 300);
    assert.ok(bounds.lower! <= 300 && bounds.lower! > 299);
  });
});

const TERMS = { slo: { seconds: 3, percentile: 95 }, startCostSeconds: START_COST } as const;

function bound(changes: { readonly lower: number; readonly luck: number }) {
  return {
    ...{ upper: 1100, byUtilisation: 1200, lateShare: 0.05, lateShareAtMost: 0.01, isKept: true, simulations: 40 },
    ...changes,
  };
}

describe("the cheapest counts", () => {
  const slots = { slotSeconds: 10, count: 5, first: new Int32Array(6) };
  const width = 4;

  for (const serves of ["larger", "own"] as const) {
    test(`are those that trying all of them finds, where calls meet the ${serves} count`, () => {
      const random = seededRandom(`counts/${serves}`);
      for (let round = 0; round < 20; round++) {
        const late = Float32Array.from({ length: slots.count * width }, () => random.integer(20));
        const prices = { startSeconds: random.integer(40), lateSeconds: random.next() * 5 };
        const options = { slots, late, minReplicas: 1, mostReplicas: 3, initialReplicas: 2, serves, ...prices };
        const found = cheapestCounts(options);
        let least = Infinity;
        for (let code = 0; code < 3 ** slots.count; code++) {
          let [value, before] = [0, 2];
          for (let slot = 0, rest = code; slot < slots.count; slot++, rest = Math.floor(rest / 3)) {
            const n = 1 + (rest % 3);
            const served = serves === "larger" ? Math.max(n, before) : n;
            value += 10 * n + prices.startSeconds * Math.max(0, n - before);
            value += prices.lateSeconds * late[slot * width + served]!;
            before = n;
          }
          least = Math.min(least, value);
        }
        assert.ok(Math.abs(found.cost + prices.lateSeconds * found.late - least) < 1e-6);
      }
    });
  }
});

describe("a plan", () => {
  const slots = { slotSeconds: 10, count: 4, first: new Int32Array(5) };

  test("asks for more before it is needed, and lets go when it is needed no more", () =>
    assert.deepEqual(planOf([2, 2, 5, 1], slots, 4, 2), [
      { atSeconds: 16, replicas: 5 },
      { atSeconds: 30, replicas: 1 },
    ]));

  test("cannot ask before the first tick", () =>
    assert.deepEqual(planOf([5, 5, 5, 5], slots, 4, 2), [{ atSeconds: 2, replicas: 5 }]));

  test("slots are half as long again as the SLO, and know their calls", () => {
    const schedule = scheduleOf(SMALL_CELL, 1);
    assert.equal(slotsOf(schedule, simProfile("heavy")).slotSeconds, 15);
    const found = slotsOf(schedule, simProfile("stress"));
    assert.deepEqual([found.slotSeconds, found.count, found.first.at(-1)], [10, 120, schedule.work.length]);
    const busy = busyReplicas(found, schedule, 1);
    const all = schedule.work.reduce((sum, work) => sum + work, 0);
    assert.ok(Math.abs(busy.reduce((sum, one) => sum + one, 0) * 10 - all) < 1e-3);
  });
});

describe("a stretch of calls on a constant count", () => {
  const lateOf = (profile: ReturnType<typeof simProfile>, offsets: number[], replicas: number, routes: number[]) => {
    const schedule = {
      ...{ durationSeconds: 60, windowSeconds: 30, offsetSeconds: Float64Array.from(offsets) },
      work: new Float32Array(offsets.length).fill(1),
    };
    const stretch = { from: 0, first: 0, end: offsets.length };
    return new SharedReplicas(schedule, profile).lateOf(stretch, replicas, Float64Array.from(routes));
  };

  test("shares a replica evenly: four calls of a second at once are over after four, late by an SLO of three", () => {
    assert.equal(lateOf(simProfile("stress"), [0, 0, 0], 1, [0, 0, 0]), 0);
    assert.equal(lateOf(simProfile("stress"), [0, 0, 0, 0], 1, [0, 0, 0, 0]), 4);
    assert.equal(lateOf(simProfile("stress"), [0, 0, 0, 0], 2, [0, 0.9, 0, 0.9]), 0);
  });

  test("refuses what finds no place", () =>
    assert.equal(lateOf(simProfile("io"), [0, 0, 0, 0, 0, 0], 1, [0, 0, 0, 0, 0, 0]), 2));

  for (const { profile: name, replicas, rps, seconds, least } of [
    { profile: "stress", replicas: 6, rps: 3, seconds: 3, least: 0.88 },
    { profile: "io", replicas: 3, rps: 12, seconds: 1, least: 0.88 },
    // Beside so short an SLO the CPU quota's period is not short: calls that wait for the next one are not seen here.
    { profile: "api", replicas: 2, rps: 75, seconds: 0.25, least: 0.4 },
  ] as const) {
    test(`${name}: late as often as in the simulator`, () => {
      const profile = simProfile(name, { slo: { seconds, percentile: 95 } });
      const counts = Array<number>(240).fill(rps * 30);
      const schedule = scheduleOf({ trace: { ...SMALL_TRACE, counts }, profile, rateScale: 1 }, 1);
      const platform = new SimulatedPlatform({ profile, schedule, replicas, random: seededRandom(1).fork("platform") });
      platform.runUntil(240 * 30 + 60);
      const simulated = (platform.tally.late + platform.tally.failed) / platform.tally.arrivals;
      const random = seededRandom("routes");
      const routes = Float64Array.from(schedule.work, () => random.next());
      const stretch = { from: 0, first: 0, end: schedule.work.length };
      const late = new SharedReplicas(schedule, profile).lateOf(stretch, replicas, routes) / schedule.work.length;
      assert.ok(simulated > 0.005, `${simulated}: too few to compare`);
      assert.ok(late < 1.12 * simulated && late > least * simulated, `${late} here, ${simulated} there`);
    });
  }
});
