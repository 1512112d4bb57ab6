/** Guard 2: a target held by ticks. It adds safety alone: what may not be concluded, others' counts, the bounds, the last replica. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import {
  decide,
  glanceHeld,
  GUARD_DEFAULTS,
  onHeldTick,
  withApplied,
  type GuardState,
  type HeldTickInput,
} from "#shared/guard/guard.ts";
import type { Tick } from "#shared/core/window.ts";
import { aFunction, aLongRunningGuard, anInput, aTick, aWindow } from "#test/support/guard/fixtures.ts";

const policy = { name: "slo-budget", version: "1" };
const settings = GUARD_DEFAULTS;
const START_SEQ = 10;

function anInputTick(
  proposedReplicas: number | null,
  tick: Partial<Tick> = {},
  more: Partial<HeldTickInput> = {},
): HeldTickInput {
  return {
    managed: aFunction(),
    tick: aTick(START_SEQ * 30 + 2, tick),
    current: 3,
    policy,
    wanted: proposedReplicas === null ? null : { proposedReplicas, because: "2 requests/s × 1.5 replicas each" },
    ...more,
  };
}

const before = (current = 3): GuardState => ({ ...aLongRunningGuard(current, START_SEQ), expected: current });

describe("guard 2 on ticks", () => {
  test("up and down at once, without a wait and without a rate limit", () => {
    for (const wanted of [18, 1]) {
      const { decision } = onHeldTick(before(), anInputTick(wanted), settings);
      assert.equal(decision?.desired, wanted);
      assert.equal(decision?.trigger, "tick");
      assert.deepEqual(
        decision?.stages.map(({ replicas }) => replicas),
        [3, wanted, wanted, wanted, wanted, wanted],
      );
      assert.equal(decision?.reason, `3 → ${wanted}: 2 requests/s × 1.5 replicas each (slo-budget)`);
    }
  });

  test("what is wanted already is no decision", () => {
    assert.equal(onHeldTick(before(), anInputTick(3), settings).decision, null);
  });

  for (const [name, input] of Object.entries({
    "arrivals not measured": anInputTick(1, { arrivals: null }),
    "in flight not measured": anInputTick(1, { inFlight: null }),
    "ready replicas not measured": anInputTick(1, { availableReplicas: null }),
    "a tick that is old": anInputTick(1, { metricAgeSeconds: 16 }),
    "the age not known": anInputTick(1, { metricAgeSeconds: null }),
    "nothing wanted": anInputTick(null),
    "no number wanted": anInputTick(NaN),
    "the count not read": anInputTick(1, {}, { current: null }),
    frozen: anInputTick(1, {}, { frozen: "frozen by ann" }),
    "someone else's count": anInputTick(1, {}, { current: 5 }),
  })) {
    test(`never down: ${name}`, () => {
      assert.equal(onHeldTick(before(), input, settings).decision, null);
    });
  }

  test("after someone else's change nothing is scaled until the next window", () => {
    const { state } = onHeldTick(before(), anInputTick(1, {}, { current: 5 }), settings);
    const later = { ...anInputTick(1, {}, { current: 5 }), tick: aTick(START_SEQ * 30 + 4) };
    assert.equal(onHeldTick(state, later, settings).decision, null);
    const window = aWindow(START_SEQ + 1, { desiredReplicas: 5, availableReplicas: 5 });
    const decided = decide(state, anInput({ window, current: 5, proposed: 2, policy, guard: 2 }), settings);
    assert.equal(decided.decision.desired, 2, "adopted");
    assert.match(decided.decision.reason, /5 set by someone else, 3 expected; adopted/);
  });

  test("where nothing may be concluded, what in-flight requests prove still counts", () => {
    const crowded = anInputTick(null, { inFlight: 60, arrivals: null });
    const { decision } = onHeldTick(before(), crowded, settings);
    assert.ok(decision !== null && decision.desired! > 3 && decision.trigger === "floor");
  });

  test("never beyond the bounds, and the last replica only from the idle", () => {
    assert.equal(onHeldTick(before(), anInputTick(99), settings).decision?.desired, 20);
    assert.equal(onHeldTick(before(), anInputTick(0), settings).decision?.desired, 1);
    const toZero = { managed: aFunction({ minReplicas: 0 }) };
    assert.equal(onHeldTick(before(), anInputTick(0, {}, toZero), settings).decision?.desired, 1, "there is work");
  });

  test("within a stable window of a restart nothing goes down", () => {
    const restarted: GuardState = { ...before(), startedAtMs: START_SEQ * 30_000 };
    assert.equal(onHeldTick(restarted, anInputTick(1), settings).decision, null);
    assert.equal(onHeldTick(restarted, anInputTick(9), settings).decision?.desired, 9);
  });

  test("a count is read only where it would be changed", () => {
    const unread = ({ current: _current, ...rest }: HeldTickInput) => rest;
    assert.equal(glanceHeld(before(), unread(anInputTick(3)), settings).isWorthReading, false);
    assert.equal(glanceHeld(before(), unread(anInputTick(4)), settings).isWorthReading, true);
    const behind = anInputTick(3, { desiredReplicas: 5 });
    assert.equal(
      glanceHeld(before(), unread(behind), settings).isWorthReading,
      false,
      "the tick is behind, or a window tells",
    );
  });

  test("whatever is wanted and seen: within the bounds, explained, and never down on what was not measured", () => {
    const orNull = (most: number) => fc.option(fc.nat(most));
    fc.assert(
      fc.property(
        fc.record({
          wanted: fc.option(fc.nat(60)),
          ...{ inFlight: orNull(100), arrivals: orNull(50), availableReplicas: orNull(20), age: orNull(30) },
          current: fc.option(fc.integer({ min: 1, max: 20 })),
        }),
        ({ wanted, inFlight, arrivals, availableReplicas, age, current }) => {
          const tick = { inFlight, arrivals, availableReplicas, metricAgeSeconds: age, desiredReplicas: current ?? 3 };
          const state = before(current ?? 3);
          const { decision } = onHeldTick(state, anInputTick(wanted, tick, { current }), settings);
          if (decision === null) return;
          const isBlind = wanted === null || inFlight === null || arrivals === null || availableReplicas === null;
          assert.ok(decision.desired! >= 1 && decision.desired! <= 20);
          if (isBlind || age === null || age > 15) assert.ok(decision.desired! > decision.current!);
          const settled = withApplied(state, decision, { kind: "applied", replicas: decision.desired! }, settings);
          const silent = settled.decision.stages.some(
            ({ replicas, note }, i, stages) => i > 0 && note === null && replicas !== stages[i - 1]!.replicas,
          );
          assert.ok(!silent, decision.reason);
        },
      ),
    );
  });
});

describe("guard 2 at a window's end", () => {
  test("a target's count passes as it is; behind guard 1 the same waits and is limited", () => {
    const state = before(12);
    const window = aWindow(START_SEQ + 1, { desiredReplicas: 12, availableReplicas: 12 });
    const input = anInput({ window, current: 12, proposed: 2, policy });
    assert.equal(decide(state, { ...input, guard: 2 }, settings).decision.desired, 2);
    assert.ok(decide(state, input, settings).decision.desired! > 2);
  });

  test("a window that was not measured holds behind either", () => {
    const window = aWindow(START_SEQ + 1, { arrivals: null });
    for (const guard of [1, 2] as const) {
      assert.equal(decide(before(), { ...anInput({ window, proposed: 1 }), guard }, settings).decision.kind, "hold");
    }
  });
});
