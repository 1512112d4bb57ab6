import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Transition } from "#shared/core/transition.ts";
import { aProposal, anApplied } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { FunctionRecord, learnedFrom } from "#services/trainer/memory/function-record.ts";

const aTransition = (generation: string, seq: number, endedAtMs = seq * 30_000): Transition => ({
  decisionId: `stress@${generation}.${endedAtMs}`,
  managed: aManaged(),
  window: aWindow({ generation, seq, endedAtMs }),
  proposal: aProposal({ generation, seq, endedAtMs }),
  applied: anApplied({ generation, seq }),
  next: aWindow({ generation, seq: seq + 1, endedAtMs: endedAtMs + 30_000 }),
  tickDecisions: 0,
});

function recordOf(...windows: { generation: string; seq: number; endedAtMs?: number }[]): FunctionRecord {
  const record = new FunctionRecord("stress");
  for (const window of windows) record.addWindow(aManaged(), aWindow(window));
  return record;
}

describe("what the trainer keeps of a function", () => {
  test("a collector that restarts and goes on in the same time leaves the recorded load as it is", () => {
    const record = recordOf({ generation: "a", seq: 1 }, { generation: "a", seq: 2 }, { generation: "b", seq: 4 });
    assert.equal(record.windows.length, 3);
    assert.equal(record.generation, "b");
  });

  test("one whose clock went back begins a new streak once a second window says so", () => {
    const record = recordOf({ generation: "a", seq: 100 }, { generation: "b", seq: 7 });
    assert.equal(record.windows.length, 1);
    record.addWindow(aManaged(), aWindow({ generation: "b", seq: 8 }));
    assert.deepEqual(
      record.streak.map(({ endedAtMs }) => endedAtMs),
      [210_000, 240_000],
    );
    assert.deepEqual(
      record.windows.map(({ seq }) => seq),
      [100, 101, 102],
      "the recorded load stays, without a gap",
    );
  });

  test("a gap longer than a few windows begins a new streak; a short one does not", () => {
    const record = recordOf({ generation: "a", seq: 1 }, { generation: "a", seq: 4 });
    assert.equal(record.streak.length, 2);
    for (const seq of [50, 51]) record.addWindow(aManaged(), aWindow({ generation: "a", seq }));
    assert.equal(record.streak.length, 2);
    assert.deepEqual(
      record.windows.map(({ seq }) => seq),
      [1, 4, 5, 6],
    );
  });

  for (const { name, lie } of [
    { name: "dated 8e15", lie: { seq: 7, endedAtMs: 8e15 } },
    { name: "numbered and dated far ahead", lie: { seq: 250_000_000_000, endedAtMs: 7.5e15 } },
    { name: "numbered far ahead", lie: { seq: 9e15, endedAtMs: 210_000 } },
    { name: "of another generation", lie: { generation: "x", seq: 1, endedAtMs: 8e15 } },
    { name: "of the past", lie: { seq: 7, endedAtMs: 1 } },
  ]) {
    for (const at of [0, 3]) {
      test(`one window ${name}, after ${at} true ones: passed over and counted, and those after it are taken`, () => {
        const record = new FunctionRecord("stress");
        const add = (changes: Parameters<typeof aWindow>[0]) =>
          record.addWindow(aManaged(), aWindow({ generation: "a", ...changes }));
        for (let seq = 1; seq <= at; seq++) add({ seq });
        add(lie);
        for (let seq = at + 1; seq <= at + 3; seq++) add({ seq });
        assert.deepEqual(
          record.streak.map(({ endedAtMs }) => endedAtMs),
          Array.from({ length: record.streak.length }, (_, i) => (at + 4 - record.streak.length + i) * 30_000),
        );
        assert.ok(record.streak.length >= 3, `${record.streak.length} windows`);
        assert.equal(record.windows.at(-1)!.endedAtMs, (at + 3) * 30_000);
        if (at > 0) assert.equal(record.implausible, 1);
      });
    }
  }

  test("a window that is reported again changes nothing", () => {
    const record = recordOf({ generation: "a", seq: 1 }, { generation: "a", seq: 2 }, { generation: "a", seq: 1 });
    record.addWindow(aManaged(), aWindow({ generation: "a", seq: 2 }));
    assert.deepEqual([record.windows.length, record.streak.length, record.implausible], [2, 2, 0]);
  });

  test("what was learned from is known by generation: an earlier date in another one is new", () => {
    const record = new FunctionRecord("stress");
    const first = [aTransition("a", 100), aTransition("a", 101), aTransition("x", 1, 8e15)];
    for (const transition of first) record.addTransition(transition);
    record.addLearned(learnedFrom("stress", first));
    assert.equal(record.transitions.length, 0);
    record.addTransition(aTransition("a", 101));
    record.addTransition(aTransition("b", 3));
    record.addTransition(aTransition("a", 102));
    assert.deepEqual(
      record.transitions.map(({ window }) => [window.generation, window.seq]),
      [
        ["b", 3],
        ["a", 102],
      ],
    );
  });

  test("lines from before there were generations count for windows that have none", () => {
    const record = new FunctionRecord("stress");
    record.addLearned({ functionName: "stress", fromMs: 0, throughMs: 300_000, transitions: 9 });
    record.addTransition(aTransition("", 9));
    record.addTransition(aTransition("a", 9));
    assert.deepEqual(
      record.transitions.map(({ window }) => window.generation),
      ["a"],
    );
  });
});
