import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import type { Applied } from "#shared/core/decision.ts";
import type { Fact, Transition } from "#shared/core/transition.ts";
import { TransitionJoiner, WAIT_WINDOWS } from "#shared/task/transitions.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { aProposal, anApplied } from "#test/support/a-decision.ts";

const windowFact = (seq: number): Fact => ({ kind: "window", managed: aManaged(), window: aWindow({ seq }) });
const proposalFact = (seq: number): Fact => ({ kind: "proposal", proposal: aProposal({ seq }) });
const appliedFact = (seq: number, changes: Partial<Applied> = {}): Fact => ({
  kind: "applied",
  applied: anApplied({ seq, ...changes }),
});
/** Window `seq` of a generation, and what was proposed and decided on it. */
const allOf = (generation: string, seq: number): Fact[] => [
  { kind: "window", managed: aManaged(), window: aWindow({ seq, generation }) },
  { kind: "proposal", proposal: aProposal({ seq, generation }) },
  appliedFact(seq, { generation }),
];
const all = (seq: number) => [windowFact(seq), proposalFact(seq), appliedFact(seq)];

function joined(facts: readonly Fact[]) {
  const joiner = new TransitionJoiner();
  const transitions = facts.flatMap((fact) => joiner.take(fact));
  return { transitions, seqs: transitions.map(({ window }) => window.seq), counts: joiner.counts };
}

describe("facts become transitions", () => {
  test("only within a generation, and one that dates itself earlier is heard like any", () => {
    const before = Array.from({ length: 200 }, (_, i) => allOf("a", 1_000 + i)).flat();
    // The same numbers and instants again, but for the last: another collector's, or this one's after its clock went back.
    const { transitions } = joined([...before, ...allOf("b", 1_198), ...allOf("b", 1_199), ...allOf("a", 1_200)]);
    assert.equal(transitions.filter(({ window }) => window.generation === "a").length, 200);
    assert.deepEqual(
      transitions.filter(({ window }) => window.generation === "b").map(({ next }) => [next.generation, next.seq]),
      [["b", 1_199]],
    );
  });

  test("one window dated where none can be ends nothing", () => {
    const poison: Fact = { kind: "window", managed: aManaged(), window: aWindow({ generation: "x", endedAtMs: 8e15 }) };
    const facts = [poison, ...Array.from({ length: 200 }, (_, i) => allOf("a", i + 1)).flat()];
    assert.equal(joined(facts).counts.joined, 199);
  });

  test("what is remembered of generations is bounded", () => {
    const joiner = new TransitionJoiner();
    for (let i = 0; i < 100; i++) for (const fact of allOf(`g${i}`, 1).slice(0, 1)) joiner.take(fact);
    assert.equal(joiner.counts.incomplete, 96);
  });

  for (const { name, facts, seqs, counts } of [
    { name: "in order", facts: [...all(1), ...all(2), windowFact(3)], seqs: [1, 2], counts: {} },
    { name: "without the next window there is none yet", facts: all(1), seqs: [], counts: {} },
    {
      name: "a decision that comes last completes it",
      facts: [windowFact(1), windowFact(2), proposalFact(1), appliedFact(1)],
      seqs: [1],
      counts: {},
    },
    {
      name: "a window that comes last completes its own and the one before",
      facts: [...all(1), proposalFact(2), appliedFact(2), windowFact(3), windowFact(2)],
      seqs: [1, 2],
      counts: {},
    },
    {
      name: "heard twice, once",
      facts: [...all(1), ...all(1), windowFact(2), windowFact(2), appliedFact(1)],
      seqs: [1],
      counts: { duplicates: 5 },
    },
    {
      name: "a window without a decision has none",
      facts: [windowFact(1), proposalFact(1), windowFact(2), ...all(2), windowFact(3)],
      seqs: [2],
      counts: { duplicates: 1 },
    },
    { name: "a lost window parts two", facts: [...all(1), ...all(3), windowFact(4)], seqs: [3], counts: {} },
  ] as const) {
    test(name, () => {
      const result = joined(facts);
      assert.deepEqual(result.seqs, seqs);
      assert.deepEqual(result.counts, { joined: seqs.length, duplicates: 0, late: 0, incomplete: 0, ...counts });
    });
  }

  test("what never becomes whole is given up, and what comes for it then is late", () => {
    const facts = Array.from({ length: WAIT_WINDOWS + 10 }, (_, i) => windowFact(i + 1));
    const { counts } = joined([...facts, proposalFact(3), appliedFact(3), proposalFact(11)]);
    assert.deepEqual(counts, { joined: 0, duplicates: 0, late: 2, incomplete: 10 });
  });

  test("decisions of the floor are counted in the window in which they fell", () => {
    const floor = (atMs: number) => appliedFact(1, { seq: null, atMs, trigger: "floor" });
    const { transitions } = joined([
      ...all(1),
      floor(30_000),
      floor(40_000),
      floor(40_000),
      floor(61_000),
      windowFact(2),
    ]);
    assert.deepEqual(
      transitions.map(({ tickDecisions }) => tickDecisions),
      [1],
    );
  });

  test("in whatever order facts come, and however often, the same transitions join once each", () => {
    const facts = [1, 2, 3, 4, 5, 6].flatMap(all);
    const key = ({ decisionId, next, applied, proposal }: Transition) =>
      [decisionId, next.seq, applied.decisionId, proposal.decisionId].join();
    const expected = joined(facts).transitions.map(key).sort();
    fc.assert(
      fc.property(
        fc.shuffledSubarray(facts, { minLength: facts.length }),
        fc.array(fc.integer({ min: 0, max: facts.length - 1 }), { maxLength: 20 }),
        (order, again) => {
          const result = joined([...order, ...again.map((i) => facts[i]!)]);
          assert.deepEqual(result.transitions.map(key).sort(), expected);
          assert.equal(result.counts.duplicates, again.length);
        },
      ),
    );
  });

  test("whether a fact is new can be asked before it is taken", () => {
    const joiner = new TransitionJoiner();
    for (const fact of all(1)) {
      assert.equal(joiner.isNew(fact), true);
      joiner.take(fact);
      assert.equal(joiner.isNew(fact), false);
    }
  });
});
