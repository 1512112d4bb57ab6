import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Applied } from "#shared/core/decision.ts";
import type { LoadReport } from "#shared/core/load.ts";
import type { ModelNews } from "#shared/core/model.ts";
import { aTick, aWindow } from "#test/support/a-window.ts";
import type { PolicyShare } from "#shared/live/run/policy-shares.ts";
import { lineOf, summaryOf } from "#services/cli/up/print.ts";
import { RunRecord } from "#shared/live/run/record.ts";

const SLO = { seconds: 3, percentile: 95 } as const;
const SPAN = { functionName: "stress", fromMs: 0, untilMs: 90_000 };

function applied(changes: Partial<Applied> = {}): Applied {
  return {
    decisionId: "stress@30000",
    functionName: "stress",
    namespace: "openfaas-fn",
    generation: "",
    seq: 1,
    atMs: 30_000,
    trigger: "proposal",
    mode: "auto",
    policy: { name: "kpa", version: "1" },
    current: 2,
    proposed: 4,
    stages: [{ stage: "valid", replicas: 2, note: null }],
    desired: 4,
    applied: 4,
    target: "openfaas",
    fencing: null,
    reason: "2 → 4: because",
    ...changes,
  };
}

const finished: LoadReport = {
  runId: "r",
  functionName: "stress",
  phase: "finished",
  scheduleDigest: "abc",
  totals: { scheduled: 10, sent: 9, ok: 7, failed: 1, shed: 1, unfinished: 1, failedByClass: { "429": 1 }, late: null },
  window: null,
  valid: true,
  invalidBecause: null,
  sloViolationShare: 0.2,
};

describe("the record of a run", () => {
  test("joins a window with its decision, whichever comes first", () => {
    for (const order of ["window first", "decision first"]) {
      const record = new RunRecord(SPAN);
      if (order === "decision first") record.onApplied(applied());
      record.onWindow(aWindow({ seq: 1 }), SLO);
      if (order === "window first") record.onApplied(applied());
      const [row] = record.rows();
      assert.equal(row!.appliedReplicas, 4, order);
      assert.equal(row!.policy, "kpa", order);
      assert.ok(record.isDecided(record.rows()[0]!), order);
    }
  });

  test("what is delivered again counts once, whatever it is", () => {
    const record = new RunRecord(SPAN);
    const news = { functionName: "stress", action: "rolled-back", summary: "worse" } as ModelNews;
    const told = [0, 1, 2, 3, 4].map(() => {
      record.onTick(aTick({ atMs: 10_000, desiredReplicas: 2 }));
      record.onTick(aTick({ atMs: 20_000, desiredReplicas: 2 }));
      const isNew = record.onWindow(aWindow({ seq: 1 }), SLO);
      record.onApplied(applied());
      return [isNew, record.onModel(news, "an-id")];
    });
    assert.deepEqual(told, [[true, true], ...Array<boolean[]>(4).fill([false, false])]);
    assert.equal(record.rows().length, 1);
    const { decisionsBy, scaleUps, replicaSeconds, policies, news: told2 } = record.totals();
    assert.deepEqual([decisionsBy.proposal, scaleUps, replicaSeconds, told2.length], [1, 1, 20, 1]);
    assert.equal(policies[0]!.decisions, 1);
  });

  test("what the guard changed and what the bounds did not allow are two things; a hold and a shadow change nothing", () => {
    const stagesOf = (proposed: number, limited: number, bounded: number): Applied["stages"] => [
      { stage: "valid", replicas: 2, note: null },
      { stage: "proposed", replicas: proposed, note: null },
      { stage: "stabilised", replicas: limited, note: null },
      { stage: "rate-limited", replicas: limited, note: null },
      { stage: "bounded", replicas: bounded, note: null },
    ];
    const cases = [
      { stages: stagesOf(4, 4, 4), applied: 4, counted: [0, 0] },
      { stages: stagesOf(4, 3, 3), applied: 3, counted: [1, 0] },
      { stages: stagesOf(12, 12, 10), applied: 10, counted: [0, 1] },
      // The platform allowed less.
      { stages: stagesOf(6, 6, 6), applied: 5, counted: [0, 1] },
      { stages: stagesOf(4, 4, 4), applied: null, counted: [0, 0] },
      { stages: stagesOf(2, 2, 2), proposed: null, applied: null, counted: [0, 0] },
    ];
    for (const { counted, ...one } of cases) {
      const record = new RunRecord(SPAN);
      record.onApplied(applied(one));
      const [{ guarded, bounded }] = record.totals().policies as [PolicyShare];
      assert.deepEqual([guarded, bounded], counted, JSON.stringify(one));
    }
  });

  test("a restarted collector numbers anew: both windows are there, each with its decision", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1, endedAtMs: 30_000 }), SLO);
    record.onApplied(applied());
    assert.ok(record.onWindow(aWindow({ seq: 1, endedAtMs: 60_000 }), SLO));
    assert.deepEqual(
      record.rows().map((row) => record.isDecided(row)),
      [true, false],
    );
    record.onApplied(applied({ decisionId: "stress@60000", atMs: 60_000, applied: 5 }));
    assert.deepEqual(
      record.rows().map(({ appliedReplicas }) => appliedReplicas),
      [4, 5],
    );
  });

  test("a window that nobody decided says so", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1 }), SLO);
    const [row] = record.rows();
    assert.equal(row!.reason, "no decision came for this window");
    assert.equal(row!.appliedReplicas, null);
    assert.deepEqual(row!.stages, []);
  });

  test("a decision that changed nothing still shows the count", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1 }), SLO);
    record.onApplied(applied({ applied: null, desired: 2, proposed: 2 }));
    assert.equal(record.rows()[0]!.appliedReplicas, 2);
    assert.equal(record.totals().scaleUps, 0);
  });

  test("decisions between windows are in the row of the window they fell into", () => {
    const record = new RunRecord(SPAN);
    const floor = applied({
      decisionId: "stress@44000/floor",
      seq: null,
      atMs: 44_000,
      trigger: "floor",
      reason: "4 → 6: panic",
    });
    record.onApplied(floor);
    record.onWindow(aWindow({ seq: 1 }), SLO);
    record.onWindow(aWindow({ seq: 2 }), SLO);
    assert.deepEqual(
      record.rows().map(({ between }) => between.length),
      [0, 1],
    );
    assert.equal(record.totals().decisionsBy.floor, 1);
  });

  test("what lies outside the span, or belongs to another function, does not count", () => {
    const record = new RunRecord({ ...SPAN, fromMs: 30_000 });
    assert.equal(record.onWindow(aWindow({ seq: 1 }), SLO), false);
    assert.equal(record.onWindow(aWindow({ seq: 4 }), SLO), false);
    assert.equal(record.onWindow(aWindow({ seq: 2, functionName: "other" }), SLO), false);
    assert.equal(record.onWindow(aWindow({ seq: 2 }), SLO), true);
    assert.equal(record.rows().length, 1);
  });

  test("replica-seconds are desired replicas over time; a tick without a count goes on with the last count", () => {
    const record = new RunRecord(SPAN);
    record.onTick(aTick({ atMs: 2_000, desiredReplicas: 2 }));
    record.onTick(aTick({ atMs: 4_000, desiredReplicas: 3 }));
    record.onTick(aTick({ atMs: 6_000, desiredReplicas: null }));
    assert.equal(record.totals().replicaSeconds, 12);
  });

  test("totals come from the load's own report", () => {
    const record = new RunRecord(SPAN);
    record.onLoad(finished);
    const { valid, scheduled, shed, scheduleDigest, sloViolationShare } = record.totals();
    assert.deepEqual(
      { valid, scheduled, shed, scheduleDigest, sloViolationShare },
      {
        valid: true,
        scheduled: 10,
        shed: 1,
        scheduleDigest: "abc",
        sloViolationShare: 0.2,
      },
    );
  });

  test("a line shows time, load, counts and why, within the terminal's width", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1, late: { share: 0.015, because: null } }), SLO);
    record.onApplied(applied({ reason: "2 → 4: " + "x".repeat(300) }));
    const line = lineOf(record.rows()[0]!, 120);
    assert.equal(line.length, 120);
    assert.match(line, /^00:00:30\s+60\s+0\.40\s+1\.5 % of 5 %\s+2\/2\s+4 → 4\s+2 → 4: x+…$/);
  });

  test("a summary names failures by their class", () => {
    const record = new RunRecord(SPAN);
    record.onLoad(finished);
    const text = summaryOf(record.rows(), record.totals());
    assert.match(text, /10 scheduled, 7 ok, 1 failed \(1 × 429\), 1 shed, 1 unfinished/);
    assert.match(text, /late, failed or turned away: 20 %$/);
  });

  for (const { name, share, late, lines } of [
    {
      name: "what was measured of the budget, and what the load generator saw",
      share: 0.031,
      late: { fromIntended: 3, fromSent: 2 },
      lines: [
        "SLO of stress, 95 % within 3 s: 3.1 % of 5 % used",
        "  measured 3.1 %, the load generator saw 37.5 %; 50 % from when requests were due",
      ],
    },
    {
      name: "what was not measured, and was seen all the same",
      share: null,
      late: { fromIntended: 0, fromSent: 0 },
      lines: [
        "SLO of stress, 95 % within 3 s: budget 5 %, use not measured",
        "  not measured, the load generator saw 12.5 %; 12.5 % from when requests were due",
      ],
    },
    {
      name: "the budget alone, where the load had no SLO",
      share: 0.031,
      late: null,
      lines: ["SLO of stress, 95 % within 3 s: 3.1 % of 5 % used"],
    },
  ]) {
    test(`a summary says ${name}`, () => {
      const record = new RunRecord(SPAN);
      record.onWindow(aWindow({ seq: 1, late: { share, because: null } }), SLO);
      record.onLoad({ ...finished, totals: { ...finished.totals, late } });
      const text = summaryOf(record.rows(), record.totals()).split("\n");
      assert.deepEqual(
        text.filter((line) => line.startsWith("SLO") || line.includes("generator")),
        lines,
      );
    });
  }

  test("a summary says what became of the model, of the run's function alone", () => {
    const record = new RunRecord(SPAN);
    const policy = { name: "lstm-ppo-plus@corrected", version: "4d60e7f70884" };
    const news = { policy, layout: "plus-8", digest: "4d60", action: "rolled-back" } as const;
    assert.ok(record.onModel({ ...news, functionName: SPAN.functionName!, summary: "worse than the rule" }, "1"));
    assert.ok(!record.onModel({ ...news, functionName: "other", summary: "of no concern" }, "2"));
    const text = summaryOf(record.rows(), record.totals());
    assert.match(text, /^ {2}model lstm-ppo-plus@corrected 4d60e7f70884 rolled-back: worse than the rule$/m);
    assert.doesNotMatch(text, /no concern/);
  });
});
