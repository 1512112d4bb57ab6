import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { GUARD_STAGES } from "#shared/core/decision.ts";
import {
  chooseTrigger,
  decide,
  GUARD_DEFAULTS,
  GUARD_TABLE,
  guardSettingsProblems,
  onTick,
  startGuard,
  withApplied,
  type GuardInput,
  type GuardSettings,
} from "#shared/core/guard.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";
import { aFunction, aLongRunningGuard, anIdleWindow, anInput, aTick, aWindow, settle } from "./guard-fixtures.ts";

/** Six numbers: valid, proposed, floor, stabilised, rate-limited, bounded. */
const numbers = (stages: readonly { replicas: number }[]) => stages.map(({ replicas }) => replicas);

describe("guard: one window, stage by stage", () => {
  const rows: {
    name: string;
    current: number;
    proposed: number;
    stages: number[];
    kind: "scale" | "keep" | "hold";
    changes?: Partial<MeasuredWindow>;
    input?: Partial<GuardInput>;
    settings?: Partial<GuardSettings>;
  }[] = [
    { name: "a wish inside the limits passes", current: 3, proposed: 5, stages: [3, 5, 5, 5, 5, 5], kind: "scale" },
    { name: "the same count is kept", current: 3, proposed: 3, stages: [3, 3, 3, 3, 3, 3], kind: "keep" },
    { name: "a part of a replica is a replica", current: 3, proposed: 3.2, stages: [3, 4, 4, 4, 4, 4], kind: "scale" },
    { name: "up by 4 where doubling is less", current: 3, proposed: 9, stages: [3, 9, 9, 9, 7, 7], kind: "scale" },
    { name: "up to double where 4 is less", current: 8, proposed: 19, stages: [8, 19, 19, 19, 16, 16], kind: "scale" },
    { name: "down by half, truncated", current: 9, proposed: 1, stages: [9, 1, 1, 1, 4, 4], kind: "scale" },
    {
      name: "down by one where the share is less",
      current: 9,
      proposed: 1,
      stages: [9, 1, 1, 1, 8, 8],
      kind: "scale",
      settings: { scaleDownShare: 0 },
    },
    { name: "above the maximum", current: 15, proposed: 25, stages: [15, 25, 25, 25, 25, 20], kind: "scale" },
    {
      name: "above the platform's cap",
      current: 4,
      proposed: 7,
      stages: [4, 7, 7, 7, 7, 5],
      kind: "scale",
      input: { platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "below the platform's minimum",
      current: 2,
      proposed: 0,
      stages: [2, 0, 0, 0, 1, 1],
      kind: "scale",
      input: { managed: aFunction({ minReplicas: 0 }), platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "a minimum above the platform's cap gives way",
      current: 5,
      proposed: 2,
      stages: [5, 2, 2, 2, 2, 5],
      kind: "keep",
      input: { managed: aFunction({ minReplicas: 8 }), platform: { minReplicas: 1, maxReplicas: 5 } },
    },
    {
      name: "from zero to the minimum at once, whatever the rate",
      current: 0,
      proposed: 0,
      stages: [0, 0, 0, 0, 0, 6],
      kind: "scale",
      input: { managed: aFunction({ minReplicas: 6 }) },
    },
    {
      name: "a count above the maximum comes down at once",
      current: 50,
      proposed: 50,
      stages: [50, 50, 50, 50, 50, 20],
      kind: "scale",
    },
    { name: "a wish below zero is zero", current: 1, proposed: -3, stages: [1, 0, 0, 0, 0, 1], kind: "keep" },
    { name: "a wish that is no number holds", current: 3, proposed: NaN, stages: [3, 3, 3, 3, 3, 3], kind: "hold" },
    {
      name: "no arrivals measured: hold",
      current: 3,
      proposed: 1,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { arrivals: null },
    },
    {
      name: "no available count measured: hold",
      current: 3,
      proposed: 9,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { availableReplicas: null },
    },
    {
      name: "metrics as old as one window are fresh",
      current: 3,
      proposed: 2,
      stages: [3, 2, 2, 2, 2, 2],
      kind: "scale",
      changes: { metricAgeSeconds: 30 },
    },
    {
      name: "older metrics are stale: hold",
      current: 3,
      proposed: 2,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { metricAgeSeconds: 30.1 },
    },
    {
      name: "metrics of unknown age: hold",
      current: 3,
      proposed: 2,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      changes: { metricAgeSeconds: null },
    },
    {
      name: "a hold lifts to the minimum",
      current: 1,
      proposed: 2,
      stages: [1, 1, 1, 1, 1, 2],
      kind: "scale",
      changes: { arrivals: null },
      input: { managed: aFunction({ minReplicas: 2 }) },
    },
    {
      name: "a hold does not lower to the maximum",
      current: 30,
      proposed: 2,
      stages: [30, 30, 30, 30, 30, 30],
      kind: "hold",
      changes: { arrivals: null },
    },
    {
      name: "no proposal: hold",
      current: 3,
      proposed: 0,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      input: { proposal: null },
    },
    {
      name: "a count that was not read: hold at the last known",
      current: 3,
      proposed: 9,
      stages: [3, 3, 3, 3, 3, 3],
      kind: "hold",
      input: { current: null },
    },
  ];
  for (const { name, current, proposed, stages, kind, changes, input, settings } of rows) {
    test(name, () => {
      const all = { ...GUARD_DEFAULTS, ...settings };
      const window = aWindow(11, { desiredReplicas: current, availableReplicas: current, ...changes });
      const { decision } = settle(
        aLongRunningGuard(current, 10),
        anInput({ window, current, proposed, ...input }),
        all,
      );
      assert.deepEqual(numbers(decision.stages).slice(0, 6), stages);
      assert.equal(decision.kind, kind);
      assert.equal(decision.desired, stages.at(-1));
      assert.deepEqual(
        decision.stages.map(({ stage }) => stage),
        GUARD_STAGES,
      );
      // A note stands exactly where the number changed.
      decision.stages.forEach(({ note, replicas }, i) => {
        if (i > 0) assert.equal(note !== null, replicas !== decision.stages[i - 1]!.replicas);
      });
    });
  }

  test("without any count there is nothing to pass through the stages", () => {
    const window = aWindow(1, { desiredReplicas: null });
    const { decision } = settle(startGuard(0), anInput({ window, current: null }));
    assert.equal(decision.kind, "hold");
    assert.equal(decision.current, null);
    assert.equal(decision.desired, null);
    assert.deepEqual(decision.stages, []);
  });
});

describe("guard: the reason is one sentence that tells why", () => {
  const at = (
    current: number,
    proposed: number,
    changes: Partial<MeasuredWindow> = {},
    input: Partial<GuardInput> = {},
  ) =>
    settle(aLongRunningGuard(current, 10), anInput({ window: aWindow(11, changes), current, proposed, ...input }))
      .decision.reason;
  test("scale", () => assert.equal(at(3, 5), "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro)"));
  test("keep", () => assert.equal(at(3, 3), "3, kept: in-flight 14 ÷ target 3 (openfaas-pro)"));
  test("clipped", () =>
    assert.equal(
      at(3, 9),
      "3 → 7: in-flight 14 ÷ target 3 (openfaas-pro); rate-limited from 9: at most 7 within 15 s",
    ));
  test("fallback", () =>
    assert.equal(at(3, 5, {}, { trigger: "fallback" }), "3 → 5: in-flight 14 ÷ target 3 (openfaas-pro, fallback)"));
  test("hold: stale", () =>
    assert.equal(at(3, 5, { metricAgeSeconds: 45 }), "3, held: metrics are 45 s old, at most 30 s allowed"));
  test("hold: missing", () =>
    assert.equal(
      at(3, 5, { arrivals: null, availableReplicas: null }),
      "3, held: not measured: arrivals, availableReplicas",
    ));
});

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
  test("…until the function has been idle for so long that the guard wishes for zero itself", () => {
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

describe("guard: two writers", () => {
  const decideAt = (
    state: ReturnType<typeof startGuard>,
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
    const burst = onTick(
      second.state,
      { managed: aFunction({ maxReplicas: 99 }), tick: aTick(361, { inFlight: 900 }), current: 9 },
      GUARD_DEFAULTS,
    );
    assert.equal(burst.decision, null, "the floor backs off, too");
    const third = decideAt(second.state, 13, 9, 12);
    assert.equal(third.decision.foreignChange, null);
    assert.equal(third.decision.desired, 12);
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

describe("guard: settings", () => {
  test("the defaults can be used, and each has its sentence", () => {
    assert.deepEqual(guardSettingsProblems(GUARD_DEFAULTS), []);
    for (const [name, { value, means }] of Object.entries(GUARD_TABLE)) {
      assert.equal(GUARD_DEFAULTS[name as keyof GuardSettings], value);
      assert.match(means, /^[A-Z].*\.$/);
    }
  });

  test("every problem is told at once", () => {
    const broken = {
      ...GUARD_DEFAULTS,
      panicThresholdRatio: 1,
      scaleUpReplicas: 1.5,
      scaleDownShare: 2,
      maxMetricAgeSeconds: 0,
    };
    assert.deepEqual(guardSettingsProblems(broken), [
      "maxMetricAgeSeconds must be a number above 0 or null, was: '0'",
      "panicThresholdRatio must be a number above 1, was: '1'",
      "scaleUpReplicas must be a whole number of at least 1, was: '1.5'",
      "scaleDownShare must be a number from 0 to 1, was: '2'",
    ]);
  });

  test("a panic window longer than the stable window is a problem", () => {
    assert.deepEqual(guardSettingsProblems({ ...GUARD_DEFAULTS, panicWindowSeconds: 90 }), [
      "panicWindowSeconds (90) must not exceed stableWindowSeconds (60)",
    ]);
  });
});
