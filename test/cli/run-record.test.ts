import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Applied } from "#shared/core/decision.ts";
import type { LoadReport } from "#shared/core/load.ts";
import type { ModelNews } from "#shared/core/model.ts";
import { aTick, aWindow } from "#test/support/a-window.ts";
import { lineOf, summaryOf } from "../../services/cli/up/print.ts";
import { RunRecord } from "../../services/cli/up/run-record.ts";

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
  totals: { scheduled: 10, sent: 9, ok: 7, failed: 1, shed: 1, unfinished: 1, failedByClass: { "429": 1 } },
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
      record.onWindow(aWindow({ seq: 1 }));
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
      const isNew = record.onWindow(aWindow({ seq: 1 }));
      record.onApplied(applied());
      return [isNew, record.onModel(news, "an-id")];
    });
    assert.deepEqual(told, [[true, true], ...Array<boolean[]>(4).fill([false, false])]);
    assert.equal(record.rows().length, 1);
    const { decisionsBy, scaleUps, replicaSeconds, policies, news: told2 } = record.totals();
    assert.deepEqual([decisionsBy.proposal, scaleUps, replicaSeconds, told2.length], [1, 1, 20, 1]);
    assert.equal(policies[0]!.decisions, 1);
  });

  test("a restarted collector numbers anew: both windows are there, each with its decision", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1, endedAtMs: 30_000 }));
    record.onApplied(applied());
    assert.ok(record.onWindow(aWindow({ seq: 1, endedAtMs: 60_000 })));
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
    record.onWindow(aWindow({ seq: 1 }));
    const [row] = record.rows();
    assert.equal(row!.reason, "no decision came for this window");
    assert.equal(row!.appliedReplicas, null);
    assert.deepEqual(row!.stages, []);
  });

  test("a decision that changed nothing still tells the count", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1 }));
    record.onApplied(applied({ applied: null, desired: 2, proposed: 2 }));
    assert.equal(record.rows()[0]!.appliedReplicas, 2);
    assert.equal(record.totals().scaleUps, 0);
  });

  test("decisions between windows stand with the window they fell into", () => {
    const record = new RunRecord(SPAN);
    const floor = applied({
      decisionId: "stress@44000/floor",
      seq: null,
      atMs: 44_000,
      trigger: "floor",
      reason: "4 → 6: panic",
    });
    record.onApplied(floor);
    record.onWindow(aWindow({ seq: 1 }));
    record.onWindow(aWindow({ seq: 2 }));
    assert.deepEqual(
      record.rows().map(({ between }) => between.length),
      [0, 1],
    );
    assert.equal(record.totals().decisionsBy.floor, 1);
  });

  test("what lies outside the span, or belongs to another function, does not count", () => {
    const record = new RunRecord({ ...SPAN, fromMs: 30_000 });
    assert.equal(record.onWindow(aWindow({ seq: 1 })), false);
    assert.equal(record.onWindow(aWindow({ seq: 4 })), false);
    assert.equal(record.onWindow(aWindow({ seq: 2, functionName: "other" })), false);
    assert.equal(record.onWindow(aWindow({ seq: 2 })), true);
    assert.equal(record.rows().length, 1);
  });

  test("replica-seconds are desired replicas over time; a tick that could not tell goes on with the last count", () => {
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

  test("a line tells time, load, counts and why, within the terminal's width", () => {
    const record = new RunRecord(SPAN);
    record.onWindow(aWindow({ seq: 1 }));
    record.onApplied(applied({ reason: "2 → 4: " + "x".repeat(300) }));
    const line = lineOf(record.rows()[0]!, 120);
    assert.equal(line.length, 120);
    assert.match(line, /^00:00:30\s+60\s+0\.40\s+2\/2\s+4 → 4\s+2 → 4: x+…$/);
  });

  test("a summary names failures by their class", () => {
    const record = new RunRecord(SPAN);
    record.onLoad(finished);
    const text = summaryOf(record.rows(), record.totals());
    assert.match(text, /10 scheduled, 7 ok, 1 failed \(1 × 429\), 1 shed, 1 unfinished/);
    assert.match(text, /20\.00 %/);
  });

  test("a summary tells what became of the model, of the run's function alone", () => {
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
