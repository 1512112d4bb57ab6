/** Second writers, the fallback rule's turn, and settings. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  chooseTrigger,
  GUARD_DEFAULTS,
  GUARD_TABLE,
  glance,
  onTick,
  type GuardInput,
  type GuardSettings,
  type GuardState,
} from "#shared/guard/guard.ts";
import type { Tick } from "#shared/core/window.ts";
import { aFunction, aLongRunningGuard, anInput, aTick, aWindow, settle } from "#test/support/guard/fixtures.ts";

describe("guard: two writers", () => {
  const decideAt = (
    state: GuardState,
    seq: number,
    current: number,
    proposed: number,
    input: Partial<GuardInput> = {},
  ) => settle(state, anInput({ window: aWindow(seq), current, proposed, ...input }));

  test("a foreign change is told, held for one window, then adopted", () => {
    const first = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    const second = decideAt(first.state, 12, 9, 6);
    assert.deepEqual(second.decision.foreignChange, { expected: 5, found: 9 });
    assert.equal(second.decision.kind, "hold");
    assert.equal(second.decision.desired, 9);
    assert.match(second.decision.reason, /9 set by someone else, 5 expected/);
    const third = decideAt(second.state, 13, 9, 12);
    assert.equal(third.decision.foreignChange, null);
    assert.equal(third.decision.desired, 12);
  });

  const burst = (state: GuardState, atSeconds: number, current: number, inFlight: number) =>
    onTick(
      state,
      {
        managed: aFunction({ maxReplicas: 99 }),
        tick: aTick(atSeconds, { inFlight, desiredReplicas: current, availableReplicas: current }),
        current,
      },
      GUARD_DEFAULTS,
    );

  test("the floor works right after a foreign change, and through windows that never come", () => {
    const first = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    const second = decideAt(first.state, 12, 3, 6);
    assert.equal(second.decision.kind, "hold");
    let state = second.state;
    // Window 13 is lost on its way.
    for (const atSeconds of [362, 364]) state = burst(state, atSeconds, 3, 2).state;
    const { decision } = burst(state, 366, 3, 150);
    assert.equal(decision?.trigger, "floor");
    assert.ok(decision!.desired! > 3, decision!.reason);
  });

  test("what in-flight proves is asked for on the very tick that finds someone else's count, and says so", () => {
    let { state } = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    for (const atSeconds of [332, 334]) state = burst(state, atSeconds, 5, 90).state;
    const { decision } = burst(state, 336, 1, 90);
    assert.match(decision!.reason, /^1 → \d+: 1 set by someone else, \d+ expected; panic floor/);
  });

  test("a count is worth reading on the first tick that tells of someone else's scale-down under a load", () => {
    let { state } = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    const managed = aFunction({ maxReplicas: 99 });
    const tickAt = (atSeconds: number, count: number, inFlight: number) =>
      aTick(atSeconds, { inFlight, desiredReplicas: count, availableReplicas: count });
    for (const atSeconds of [332, 334]) state = burst(state, atSeconds, 5, 24).state;
    const isAsked = (tick: Tick) => glance(state, { managed, tick }, GUARD_DEFAULTS).isWorthReading;
    assert.equal(isAsked(tickAt(336, 5, 24)), false, "five do what five are needed for");
    assert.equal(isAsked(tickAt(336, 1, 24)), true);
    const met = onTick(state, { managed, tick: tickAt(336, 1, 24), current: 1 }, GUARD_DEFAULTS);
    assert.match(met.decision!.reason, /^1 → 4: 1 set by someone else, 5 expected; panic floor 5/);
    // Or the tick is behind: read, the count says that nothing is missing.
    assert.equal(onTick(state, { managed, tick: tickAt(336, 1, 24), current: 5 }, GUARD_DEFAULTS).decision, null);
  });

  test("what was proven before someone else's change is not held against them", () => {
    let { state } = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    for (const atSeconds of [332, 334, 336]) state = burst(state, atSeconds, 5, 90).state;
    for (const atSeconds of [338, 340, 342, 344]) state = burst(state, atSeconds, 5, 1).state;
    assert.ok(state.panic.peak > 5, "the floor holds its peak");
    const { decision } = burst(state, 346, 2, 1);
    assert.equal(decision, null);
    const window = decideAt(state, 12, 2, 2);
    assert.equal(window.decision.desired, 2, window.decision.reason);
  });

  test("a window that shows a foreign change holds, but not below what in-flight proves", () => {
    let { state } = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    for (const atSeconds of [354, 356, 358]) state = burst(state, atSeconds, 5, 24).state;
    const { decision } = decideAt(state, 12, 2, 2, { window: aWindow(12, { availableReplicas: 2 }) });
    assert.match(decision.reason, /^2 → 5: 2 set by someone else, 5 expected; .*; panic floor 5/);
  });

  test("a change seen on a tick is told by the next window's decision, which adopts it", () => {
    const first = decideAt(aLongRunningGuard(3, 10), 11, 3, 5);
    const ticked = onTick(first.state, { managed: aFunction(), tick: aTick(332), current: 2 }, GUARD_DEFAULTS);
    assert.equal(ticked.decision, null);
    const second = decideAt(ticked.state, 12, 2, 6);
    assert.deepEqual(second.decision.foreignChange, { expected: 5, found: 2 });
    assert.equal(second.decision.desired, 6);
  });

  test("the platform's clamp is no foreign change", () => {
    const window = aWindow(11);
    const first = settle(aLongRunningGuard(3, 10), anInput({ window, current: 3, proposed: 7 }), GUARD_DEFAULTS, {
      kind: "applied",
      replicas: 5,
    });
    assert.deepEqual(first.decision.stages.at(-1), { stage: "applied", replicas: 5, note: "the platform made it 5" });
    assert.equal(first.decision.applied, 5);
    assert.equal(decideAt(first.state, 12, 5, 5).decision.foreignChange, null);
  });

  test("the gateway's scale from zero is no foreign change", () => {
    const managed = aFunction({ minReplicas: 0 });
    const { decision } = decideAt(aLongRunningGuard(0, 10), 11, 1, 2, { managed });
    assert.equal(decision.foreignChange, null);
    assert.equal(decision.desired, 2);
  });

  test("in shadow, others may do as they like", () => {
    const managed = aFunction({ mode: "shadow" });
    const first = settle(
      aLongRunningGuard(3, 10),
      anInput({ managed, window: aWindow(11), current: 3, proposed: 5 }),
      GUARD_DEFAULTS,
      { kind: "not-sent" },
    );
    assert.deepEqual(first.decision.stages.at(-1), { stage: "applied", replicas: 3, note: "nothing was sent" });
    const second = decideAt(first.state, 12, 7, 5, { managed });
    assert.equal(second.decision.foreignChange, null);
    assert.notEqual(second.decision.kind, "hold");
  });
});

describe("guard: the fallback rule's turn", () => {
  for (const { name, seq, last, first = 1, want } of [
    { name: "the window's own proposal is there", seq: 7, last: 7, want: "proposal" },
    { name: "it may still come", seq: 8, last: 7, want: "wait" },
    { name: "two windows without one", seq: 9, last: 7, want: "fallback" },
    { name: "long silence", seq: 90, last: 7, want: "fallback" },
    { name: "the first window ever", seq: 1, last: null, want: "wait" },
    { name: "the second, and never a proposal", seq: 2, last: null, want: "fallback" },
    { name: "started in the middle: first window seen", seq: 40, last: null, first: 40, want: "wait" },
    { name: "started in the middle: second window seen", seq: 41, last: null, first: 40, want: "fallback" },
    { name: "the collector counts anew: its first window", seq: 1, last: 90, first: 40, want: "wait" },
    { name: "the collector counts anew: its second", seq: 2, last: 90, first: 40, want: "fallback" },
    { name: "the collector counts anew: later", seq: 30, last: 90, first: 40, want: "fallback" },
  ]) {
    test(name, () =>
      assert.equal(
        chooseTrigger({ windowSeq: seq, lastProposalSeq: last, firstWindowSeq: first }, GUARD_DEFAULTS),
        want,
      ),
    );
  }
});

test("guard: each setting has its default and its sentence", () => {
  for (const [name, { value, means }] of Object.entries(GUARD_TABLE)) {
    assert.equal(GUARD_DEFAULTS[name as keyof GuardSettings], value);
    assert.match(means, /^[A-Z].*\.$/);
  }
});
