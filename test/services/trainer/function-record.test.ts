import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Transition } from "#shared/core/transitions.ts";
import { aProposal, anApplied } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { FunctionRecord, learnedFrom } from "../../../services/trainer/function-record.ts";

const aTransition = (generation: string, seq: number, endedAtMs = seq * 30_000): Transition => ({
  decisionId: `stress@${generation}.${endedAtMs}`,
  managed: aManaged(),
  window: aWindow({ generation, seq, endedAtMs }),
  proposal: aProposal({ generation, seq, endedAtMs }),
  applied: anApplied({ generation, seq }),
  next: aWindow({ generation, seq: seq + 1, endedAtMs: endedAtMs + 30_000 }),
  floors: 0,
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

  test("one whose clock went back begins anew, and one window from nowhere deafens nobody", () => {
    const back = recordOf({ generation: "a", seq: 100 }, { generation: "b", seq: 7 }, { generation: "b", seq: 8 });
    assert.deepEqual(
      back.windows.map(({ seq }) => seq),
      [7, 8],
    );
    const poisoned = recordOf(
      { generation: "x", seq: 1, endedAtMs: 8e15 },
      { generation: "a", seq: 7 },
      { generation: "a", seq: 8 },
    );
    assert.deepEqual(
      poisoned.windows.map(({ seq }) => seq),
      [7, 8],
    );
  });

  test("within a generation a window that is not after the last is passed over, and one numbered far off begins anew", () => {
    const record = recordOf({ generation: "a", seq: 5 }, { generation: "a", seq: 4 }, { generation: "a", seq: 6 });
    assert.deepEqual(
      record.windows.map(({ seq }) => seq),
      [5, 6],
    );
    record.addWindow(aManaged(), aWindow({ generation: "a", seq: 9e15, endedAtMs: 210_000 }));
    assert.equal(record.windows.length, 1);
  });

  test("what was learned from is told by generation: an earlier date in another one is new", () => {
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
