/** What the guard makes of time: stabilisation, rates, restarts, idleness. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { decide, GUARD_DEFAULTS, onTick, startGuard, type GuardSettings } from "#shared/guard/guard.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";
import {
  aFunction,
  aLongRunningGuard,
  anIdleWindow,
  anInput,
  aTick,
  aWindow,
  settle,
} from "#test/support/guard/fixtures.ts";

describe("guard: time", () => {
  test("a scale-down goes to the largest wish of the last 90 s", () => {
    let state = aLongRunningGuard(8, 10);
    const seen: number[] = [];
    for (const [i, proposed] of [8, 6, 5, 4, 4, 4, 4].entries()) {
      const current = i === 0 ? 8 : seen.at(-1)!;
      const settled = settle(state, anInput({ window: aWindow(11 + i), current, proposed }));
      state = settled.state;
      seen.push(settled.decision.desired!);
    }
    // The 8 of the first window holds for 90 s, that is for three more windows; then the 6, the 5 and the 4.
    assert.deepEqual(seen, [8, 8, 8, 8, 6, 5, 4]);
  });

  test("a wish that rises again wins at once", () => {
    let state = aLongRunningGuard(3, 10);
    state = settle(state, anInput({ window: aWindow(11), current: 3, proposed: 2 })).state;
    const { decision } = settle(state, anInput({ window: aWindow(12), current: 2, proposed: 5 }));
    assert.equal(decision.desired, 5);
  });

  test("what was held counts as wished for: after an outage, a scale-down waits", () => {
    let state = aLongRunningGuard(6, 10);
    for (const seq of [11, 12])
      state = settle(state, anInput({ window: aWindow(seq, { arrivals: null }), current: 6 })).state;
    const { decision } = settle(state, anInput({ window: aWindow(13), current: 6, proposed: 1 }));
    assert.equal(decision.desired, 6);
  });

  test("rate limits count what was done inside the period, in both directions", () => {
    const settings = { ...GUARD_DEFAULTS, scaleUpPeriodSeconds: 60 };
    let state = aLongRunningGuard(5, 10, settings);
    const counts: number[] = [];
    let current = 5;
    for (let seq = 11; seq <= 13; seq++) {
      const settled = settle(state, anInput({ window: aWindow(seq), current, proposed: 20 }), settings);
      ({ state } = settled);
      counts.push((current = settled.decision.desired!));
    }
    // max(5 + 4, 2 · 5) = 10 for 60 s; at the third window the first change is exactly 60 s old and no longer counts.
    assert.deepEqual(counts, [10, 10, 20]);
  });

  test("an unanswered call may have happened: it counts for the rate limit, and no foreign change is suspected", () => {
    const settings = { ...GUARD_DEFAULTS, scaleUpPeriodSeconds: 60 };
    let state = aLongRunningGuard(5, 10, settings);
    ({ state } = settle(state, anInput({ window: aWindow(11), current: 5, proposed: 9 }), settings, {
      kind: "unanswered",
    }));
    assert.equal(state.expected, null);
    const next = settle(state, anInput({ window: aWindow(12), current: 9, proposed: 20 }), settings);
    assert.equal(next.decision.foreignChange, null);
    assert.equal(next.decision.desired, 10);
  });

  for (const { name, seq, want } of [
    { name: "30 s after a restart nothing scales down", seq: 1, want: 9 },
    { name: "60 s after a restart nothing scales down, strictly", seq: 2, want: 9 },
    { name: "150 s after, the floor of the restart's panic (until 60 s) still counts as a wish", seq: 5, want: 9 },
    { name: "180 s after, it may", seq: 6, want: 4 },
  ]) {
    test(name, () => {
      let state = startGuard(0);
      let desired = 9;
      for (let s = 1; s <= seq; s++) {
        const window = aWindow(s, { desiredReplicas: 9, availableReplicas: 9 });
        const settled = settle(state, anInput({ window, current: 9, proposed: 1 }));
        ({ state } = settled);
        desired = settled.decision.desired!;
      }
      assert.equal(desired, want);
    });
  }

  test("a restart waits for a stable window even without stabilisation, and above the maximum", () => {
    const settings = { ...GUARD_DEFAULTS, stabilisationSeconds: 0 };
    const window = aWindow(1, { desiredReplicas: 30, availableReplicas: 1 });
    const { decision } = settle(startGuard(0), anInput({ window, current: 30, proposed: 1 }), settings);
    assert.equal(decision.desired, 30);
    assert.match(decision.reason, /restart/);
  });

  test("more than one ready replica at a restart is a panic with that peak", () => {
    const window = aWindow(1, { desiredReplicas: 4, availableReplicas: 4 });
    const { state } = decide(startGuard(0), anInput({ window, current: 4, proposed: 4 }), GUARD_DEFAULTS);
    assert.equal(state.panic.sinceMs, 0);
    assert.equal(state.panic.peak, 4);
    const single = aWindow(1, { desiredReplicas: 1, availableReplicas: 1 });
    const calm = decide(startGuard(0), anInput({ window: single, current: 1, proposed: 1 }), GUARD_DEFAULTS);
    assert.equal(calm.state.panic.sinceMs, null);
  });

  test("time never goes back: a proposal for a window older than the last tick is decided at the tick's time", () => {
    const state = onTick(
      aLongRunningGuard(3, 10),
      { managed: aFunction(), tick: aTick(334), current: 3 },
      GUARD_DEFAULTS,
    ).state;
    const { decision } = settle(state, anInput({ window: aWindow(11), current: 3 }));
    assert.equal(decision.atMs, 334_000);
  });
});

describe("guard: zero", () => {
  const managed = aFunction({ minReplicas: 0 });
  /** One replica, busy until window 10, then idle windows; answers the counts wanted. */
  function idle(
    windows: number,
    proposed: number,
    settings: GuardSettings = GUARD_DEFAULTS,
    changes: Partial<MeasuredWindow> = {},
  ) {
    let state = aLongRunningGuard(1, 10);
    const wanted: number[] = [];
    for (let i = 1; i <= windows; i++) {
      const window = anIdleWindow(10 + i, { desiredReplicas: 1, availableReplicas: 1, ...changes });
      const settled = settle(state, anInput({ managed, window, current: 1, proposed }), settings, { kind: "not-sent" });
      state = settled.state;
      wanted.push(settled.decision.desired!);
    }
    return wanted;
  }
  const soon = { ...GUARD_DEFAULTS, stabilisationSeconds: 0 };

  test("the last replica stays for the retention time", () => assert.deepEqual(idle(3, 0, soon), [1, 0, 0]));
  test("retention is a setting", () =>
    assert.deepEqual(idle(4, 0, { ...soon, zeroRetentionSeconds: 120 }), [1, 1, 1, 0]));
  test("what cannot be measured is no idleness", () =>
    assert.deepEqual(idle(3, 0, soon, { inFlightMax: null }), [1, 1, 1]));
  test("something still in flight is no idleness", () =>
    assert.deepEqual(idle(3, 0, soon, { inFlightMax: 1 }), [1, 1, 1]));
  test("a policy that wants one keeps one", () => assert.deepEqual(idle(3, 1, soon), [1, 1, 1]));
  test("…until the function has been idle for so long that the guard recommendations for zero itself", () => {
    assert.deepEqual(idle(4, 1, { ...soon, zeroIdleSeconds: 90 }), [1, 1, 0, 0]);
  });
  test("…unless that is turned off", () => assert.deepEqual(idle(31, 1, { ...soon, zeroIdleSeconds: null }).at(-1), 1));
  test("with defaults that is after 15 minutes, and 90 s for the last wish of 1 to be forgotten", () =>
    assert.equal(idle(36, 1).indexOf(0), 29 + 3));
  test("a call between windows ends idleness", () => {
    let state = aLongRunningGuard(1, 10);
    for (const seq of [11, 12]) {
      state = decide(state, anInput({ managed, window: anIdleWindow(seq), current: 1, proposed: 1 }), soon).state;
    }
    ({ state } = onTick(state, { managed, tick: aTick(364, { arrivals: 1, inFlight: 0 }), current: 1 }, soon));
    const { decision } = settle(state, anInput({ managed, window: anIdleWindow(13), current: 1, proposed: 0 }), soon);
    assert.equal(decision.desired, 1);
  });
  test("a lost window is no idleness", () => {
    let state = aLongRunningGuard(1, 10);
    state = decide(state, anInput({ managed, window: anIdleWindow(11), current: 1, proposed: 1 }), soon).state;
    const { decision } = settle(state, anInput({ managed, window: anIdleWindow(13), current: 1, proposed: 0 }), soon);
    assert.equal(decision.desired, 1);
  });
  test("zero stays zero", () => {
    const window = anIdleWindow(11, { desiredReplicas: 0, availableReplicas: 0 });
    const { decision } = settle(aLongRunningGuard(0, 10), anInput({ managed, window, current: 0, proposed: 0 }));
    assert.equal(decision.kind, "keep");
    assert.equal(decision.desired, 0);
  });
});
