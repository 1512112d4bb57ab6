/** The reactive floor between windows. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { GUARD_DEFAULTS, onTick, withApplied } from "#shared/guard/guard.ts";
import { aFunction, aLongRunningGuard, anInput, aTick, aWindow, settle } from "#test/support/guard/fixtures.ts";

/** Six numbers: valid, proposed, floor, stabilised, rate-limited, bounded. */
const numbers = (stages: readonly { replicas: number }[]) => stages.map(({ replicas }) => replicas);

describe("guard: the panic floor on ticks", () => {
  /** Feeds ticks every 2 s from 302 s on, with `ready` replicas and what the floor applied so far. */
  function run(inFlights: readonly number[], { ready = 3, current = 3, settings = GUARD_DEFAULTS, max = 100 } = {}) {
    let state = aLongRunningGuard(current, 10);
    const decided: (number | null)[] = [];
    let count = current;
    for (const [i, inFlight] of inFlights.entries()) {
      const tick = aTick(302 + 2 * i, { inFlight, availableReplicas: ready, desiredReplicas: count });
      const ticked = onTick(state, { managed: aFunction({ maxReplicas: max }), tick, current: count }, settings);
      state = ticked.state;
      decided.push(ticked.decision?.desired ?? null);
      if (ticked.decision) {
        const outcome = { kind: "applied", replicas: ticked.decision.desired! } as const;
        ({ state } = withApplied(state, ticked.decision, outcome, settings));
        count = ticked.decision.desired!;
      }
    }
    return { decided, state, count };
  }

  for (const { name, inFlights, want } of [
    // target 5, 3 ready: panic from a need of 6, that is a mean above 25 over the last 6 s (three ticks).
    { name: "a mean of 25 needs 5 of 3: calm", inFlights: [25, 25, 25], want: [null, null, null] },
    { name: "a mean of 26 needs 6 of 3: panic, rate-limited only beyond 7", inFlights: [26, 26], want: [6, null] },
    { name: "one high tick among low ones is averaged away", inFlights: [0, 0, 60], want: [null, null, null] },
    { name: "one among one low is not", inFlights: [0, 60, 60], want: [null, 6, 7] },
    { name: "the peak is kept while the burst passes", inFlights: [30, 0, 0, 0], want: [6, null, null, null] },
  ]) {
    test(name, () => assert.deepEqual(run(inFlights).decided, want));
  }

  test("a burst walks up with the rate limit, period after period", () => {
    const { decided } = run(Array.from({ length: 12 }, () => 200));
    // 40 are needed. 3 → 7 at once; 15 s later 14.
    assert.deepEqual(decided, [7, null, null, null, null, null, null, null, 14, null, null, null]);
  });

  test("panic holds its peak for 60 s after the last crossing, strictly", () => {
    const { state } = run([26]);
    const at = (seconds: number) =>
      onTick(state, { managed: aFunction(), tick: aTick(seconds, { inFlight: 0 }), current: 6 }, GUARD_DEFAULTS).state
        .panic;
    assert.equal(at(362).peak, 6);
    assert.equal(at(362.001).peak, 0);
    assert.equal(at(362.001).sinceMs, null);
  });

  test("a window's decision stands on the floor", () => {
    const { state } = run([26]);
    const { decision } = settle(state, anInput({ window: aWindow(11), current: 6, proposed: 2 }));
    assert.deepEqual(numbers(decision.stages), [6, 2, 6, 6, 6, 6, 6]);
    assert.match(decision.reason, /^6, kept: .*panic floor 6: in-flight 26 over 6 s ÷ target 5 with 3 ready$/);
  });

  test("slow starters keep panic alive: ready replicas count, not desired ones", () => {
    const { state } = run([60, 60, 60, 60], { ready: 3 });
    assert.equal(state.panic.sinceMs, 308_000);
  });

  for (const { name, tick } of [
    { name: "in-flight not measured", tick: { inFlight: null } },
    { name: "ready replicas not measured", tick: { availableReplicas: null } },
    { name: "age not known", tick: { metricAgeSeconds: null } },
    { name: "stale", tick: { metricAgeSeconds: 15.1 } },
  ]) {
    test(`${name}: no panic`, () => {
      const changed = aTick(302, { inFlight: 500, ...tick });
      const { decision, state } = onTick(
        aLongRunningGuard(3, 10),
        { managed: aFunction(), tick: changed, current: 3 },
        GUARD_DEFAULTS,
      );
      assert.equal(decision, null);
      assert.equal(state.panic.sinceMs, null);
    });
  }

  test("a tick delivered twice is one reading", () => {
    const before = aLongRunningGuard(3, 10);
    const input = { managed: aFunction(), tick: aTick(302), current: 3 };
    const once = onTick(before, input, GUARD_DEFAULTS).state;
    assert.deepEqual(onTick(once, input, GUARD_DEFAULTS).state, once);
  });

  test("the decision tells all stages and why", () => {
    const { decision } = onTick(
      aLongRunningGuard(3, 10),
      { managed: aFunction({ maxReplicas: 6 }), tick: aTick(302, { inFlight: 100 }), current: 3 },
      GUARD_DEFAULTS,
    );
    assert.deepEqual(numbers(decision!.stages), [3, 3, 20, 20, 7, 6]);
    assert.equal(decision!.decisionId, "resize@302000/floor");
    assert.equal(decision!.seq, null);
    assert.equal(
      decision!.reason,
      "3 → 6: panic floor 20: in-flight 100 over 6 s ÷ target 5 with 3 ready; " +
        "rate-limited from 20: at most 7 within 15 s; 7 is above the maximum of 6",
    );
  });

  test("without a fresh reading, a lagging tick does not undo what was just applied", () => {
    const { state } = run([26]); // 6 applied
    const lagging = aTick(304, { inFlight: 26, desiredReplicas: 3 });
    const { decision } = onTick(state, { managed: aFunction(), tick: lagging, current: null }, GUARD_DEFAULTS);
    assert.equal(decision, null);
  });
});
