/** `slo-budget`: what it learns from a window, what it does not, and what it does in a running system in simulated time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import type { ErrorCounts } from "#shared/core/window.ts";
import { lateForReplicas, ownFailures } from "#shared/budget/late-for-replicas.ts";
import { learn } from "#shared/budget/learn.ts";
import { NOTHING_LEARNED, readMemory, type BudgetMemory } from "#shared/budget/memory.ts";
import { sloBudgetPolicy } from "#shared/policies/slo-budget/policy.ts";
import { aManaged } from "#test/support/a-window.ts";
import { answerTo, aWindow } from "#test/support/policies.ts";

const managed = aManaged({ maxReplicas: 12, targetInFlight: 3 });
const none: ErrorCounts = { "4xx": 0, "429": 0, "5xx": 0, "504": 0 };
/** A hundred requests, of which `late` and the errors broke the SLO. */
const aHundred = (seq: number, late: number, error: Partial<ErrorCounts> = {}, desired = 5) => {
  const failed = Object.values(error).reduce((sum, count) => sum + count, 0);
  return aWindow(seq, {
    ...{ arrivals: 100, completedOk: 100 - failed, completedError: { ...none, ...error } },
    late: { share: (late + failed) / 100, because: null },
    ...{ desiredReplicas: desired, availableReplicas: desired, cpuRatio: 0.4, inFlightMean: 2 },
  });
};

function learned(windows: readonly ReturnType<typeof aHundred>[], from: BudgetMemory = NOTHING_LEARNED): BudgetMemory {
  return windows.reduce((memory, window) => learn(memory, window, managed), from);
}

const some = learned(Array.from({ length: 100 }, (_, i) => aHundred(i + 1, i % 20 === 0 ? 100 * 0.0465 : 4.65)));

describe("slo-budget learns", () => {
  test("the first window that served something gives the first headroom, and nothing before", () => {
    assert.equal(
      learned([aWindow(1, { arrivals: 0, completedOk: 0, late: { share: null, because: "nothing ended" } })]).headroom,
      0,
    );
    assert.ok(learned([aHundred(1, 0)]).headroom > 1);
  });

  for (const { name, changes, proposed } of [
    { name: "where the only replica dies of the first burst, it asks for twice as many", changes: {}, proposed: 2 },
    { name: "where few requests come, no more than they could fill", changes: { arrivals: 20 }, proposed: 1 },
    {
      name: "a function that fails while it has nothing to do is left alone",
      changes: { desiredReplicas: 1, availableReplicas: 1, inFlightMean: 0, inFlightMax: 1 },
      proposed: 1,
    },
    { name: "callers' mistakes ask for nothing", changes: { completedError: { ...none, "4xx": 300 } }, proposed: 1 },
  ]) {
    test(`before anything was served, ${name}`, () => {
      const crashing = {
        ...{ arrivals: 300, completedOk: 0, completedError: { ...none, "5xx": 300 }, executionSecondsMean: null },
        ...{ late: { share: 1, because: null }, desiredReplicas: 1, availableReplicas: 0, cpuRatio: null },
      };
      const { proposedReplicas, target } = answerTo(
        sloBudgetPolicy(),
        aWindow(1, { ...crashing, ...changes }),
        managed,
      );
      assert.deepEqual([proposedReplicas, target], [proposed, undefined]);
    });
  }

  test("late requests raise the headroom, and a budget left over lowers it", () => {
    assert.ok(learned([aHundred(101, 20)], some).headroom > some.headroom);
    assert.ok(learned([aHundred(101, 0)], some).headroom < some.headroom);
    const late = aHundred(101, 20);
    const lessBudget = learn(some, late, { ...managed, slo: { seconds: 3, percentile: 99 } });
    assert.ok(
      lessBudget.headroom > learn(some, late, managed).headroom,
      "of a smaller budget a late request is a larger part",
    );
  });

  for (const { percentile, late, rises } of [
    { percentile: 90, late: 9, rises: false },
    { percentile: 90, late: 10, rises: true },
    { percentile: 95, late: 4.5, rises: false },
    { percentile: 95, late: 4.8, rises: true },
    // Surprises take a larger part of a tight budget.
    { percentile: 99, late: 0.7, rises: false },
    { percentile: 99, late: 0.9, rises: true },
    { percentile: 99.9, late: 0.02, rises: false },
    { percentile: 99.9, late: 0.05, rises: true },
  ] as const) {
    test(`of ${percentile} % in time, ${late} % late ${rises ? "raise" : "lower"} the headroom`, () => {
      const { headroom } = learn(some, aHundred(101, late), { ...managed, slo: { seconds: 3, percentile } });
      assert.ok(rises ? headroom > some.headroom : headroom < some.headroom, `${headroom} after ${some.headroom}`);
    });
  }

  for (const { name, window, moves } of [
    { name: "a caller's mistakes", window: aHundred(101, 4, { "4xx": 30 }), moves: false },
    { name: "a function's own failures", window: aHundred(101, 4, { "5xx": 30 }), moves: false },
    { name: "requests turned away", window: aHundred(101, 4, { "429": 30 }), moves: true },
    { name: "requests cut off", window: aHundred(101, 4, { "504": 30 }), moves: true },
  ]) {
    test(`${name} ${moves ? "buy" : "do not buy"} replicas`, () => {
      const calm = learned([aHundred(101, 4)], some).headroom;
      const after = learned([window], some).headroom;
      assert.equal(after > calm * 1.01, moves, `${calm} → ${after}`);
    });
  }

  test("a function that always fails at some share does not run to its maximum", () => {
    const memory = learned(
      Array.from({ length: 200 }, (_, i) => aHundred(i + 101, 3, { "5xx": 30 })),
      some,
    );
    assert.ok(memory.headroom < some.headroom * 1.1, `${memory.headroom}`);
  });

  test("an SLO that the maximum cannot keep does not wind the headroom up", () => {
    const stuck = Array.from({ length: 50 }, (_, i) => aHundred(i + 101, 60, {}, 12));
    const memory = learned(stuck, some);
    assert.ok(memory.headroom < some.headroom * 2, `${memory.headroom}`);
    assert.equal(learned([...stuck, aHundred(151, 60, {}, 12)], some).headroom, memory.headroom, "and stays there");
  });

  test("a load that the minimum carries does not wind it down", () => {
    const memory = learned(
      Array.from({ length: 200 }, (_, i) => aHundred(i + 101, 0, {}, 1)),
      some,
    );
    assert.equal(memory.headroom, some.headroom);
  });

  test("where the share was not measured it waits", () => {
    const unknown = { ...aHundred(101, 0), late: { share: null, because: "beyond the last bucket" } };
    assert.equal(learned([unknown], some).headroom, some.headroom);
  });

  test("one window moves it by half as much again at most, whatever it says", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 1_000_000 }), (late, arrivals) => {
        const window = { ...aHundred(101, late), arrivals };
        const { headroom } = learn(some, window, managed);
        assert.ok(
          headroom <= some.headroom * 1.5 && headroom >= some.headroom / 1.5 && headroom >= 0.5 && headroom <= 8,
        );
      }),
    );
  });

  test("what it knows is plain numbers: another instance goes on from them as if nothing had been", () => {
    const [one, two] = [sloBudgetPolicy(), sloBudgetPolicy()];
    let memory: Readonly<Record<string, number>> | undefined;
    for (let seq = 1; seq <= 30; seq++) {
      const window = aHundred(seq, seq % 9);
      memory = one.propose({ window, managed, nowMs: window.endedAtMs }).target?.memory;
    }
    const next = aHundred(31, 7);
    const json = JSON.parse(JSON.stringify(memory)) as Record<string, number>;
    assert.deepEqual(
      two.propose({ window: next, managed, nowMs: next.endedAtMs, memory: json }),
      one.propose({ window: next, managed, nowMs: next.endedAtMs }),
    );
  });

  test("numbers that are none of its own are left alone", () => {
    assert.equal(readMemory(undefined), null);
    assert.equal(readMemory({}), null);
    assert.equal(readMemory({ ...some, headroom: Infinity }), null);
    assert.equal(readMemory({ ...some, served: -1 }), null);
    assert.equal(readMemory({ ...some, headroom: 1e9 })!.headroom, 8);
  });
});

describe("what replicas can mend", () => {
  test("late, turned away and cut off, of all but what failed by itself", () => {
    const window = aHundred(1, 10, { "4xx": 20, "429": 5, "504": 5, "5xx": 10 });
    const { share, ended } = lateForReplicas(window, 0.1)!;
    assert.equal(ended, 100 - 20 - 10);
    assert.ok(Math.abs(share - (10 + 5 + 5) / 70) < 1e-12);
  });

  test("own failures are those of windows without another sign of strain", () => {
    assert.equal(ownFailures(aHundred(1, 0, { "5xx": 10 }), 3), 0.1);
    assert.equal(ownFailures(aHundred(1, 0, { "5xx": 10, "429": 1 }), 3), null);
    assert.equal(ownFailures(aWindow(1, { ...aHundred(1, 0, { "5xx": 10 }), inFlightMax: 100 }), 3), null);
    assert.equal(ownFailures(aWindow(1, { ...aHundred(1, 0, { "5xx": 10 }), availableReplicas: 4 }), 3), null);
  });
});
