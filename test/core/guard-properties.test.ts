/** What the guard never does, whatever happens to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { GUARD_STAGES } from "#shared/core/decision.ts";
import {
  decide,
  GUARD_DEFAULTS,
  onTick,
  startGuard,
  withApplied,
  type GuardDecision,
  type GuardSettings,
  type GuardState,
  type Outcome,
  type PlatformLimits,
} from "#shared/core/guard.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { aFunction, anInput, aTick, aWindow } from "./guard-fixtures.ts";

type Happening =
  | {
      readonly kind: "window";
      readonly arrivals: number | null;
      readonly inFlight: number | null;
      readonly available: number | null;
      readonly ageSeconds: number | null;
      readonly proposed: number | null;
      readonly readable: boolean;
      readonly outcome: "obeys" | "clamps" | "unanswered" | "not-sent";
    }
  | {
      readonly kind: "tick";
      readonly inFlight: number | null;
      readonly available: number | null;
      readonly readable: boolean;
    }
  | { readonly kind: "foreign"; readonly count: number };

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 8 });
const count = fc.integer({ min: 0, max: 40 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("window" as const),
      arrivals: orNull(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 500 }))),
      inFlight: orNull(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 200, noNaN: true }))),
      available: orNull(count),
      ageSeconds: orNull(
        fc.oneof({ weight: 3, arbitrary: fc.constant(2) }, fc.double({ min: 8, max: 36, noNaN: true })),
      ),
      proposed: orNull(fc.oneof(fc.constant(0), count, fc.double({ min: -5, max: 60 }))),
      readable: fc.integer({ min: 0, max: 9 }).map((draw) => draw > 0),
      outcome: fc.constantFrom("obeys", "obeys", "obeys", "clamps", "unanswered", "not-sent"),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("tick" as const),
      inFlight: orNull(fc.double({ min: 0, max: 200, noNaN: true })),
      available: orNull(count),
      readable: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("foreign" as const), count }) },
);

const settingsArbitrary: fc.Arbitrary<GuardSettings> = fc.record({
  maxMetricAgeSeconds: fc.constantFrom(null, 10),
  maxTickAgeSeconds: fc.constant(15),
  stableWindowSeconds: fc.constantFrom(6, 60, 200),
  panicWindowSeconds: fc.constant(6),
  panicThresholdRatio: fc.constantFrom(1.1, 2, 5),
  stabilisationSeconds: fc.constantFrom(0, 90, 300),
  scaleUpReplicas: fc.integer({ min: 1, max: 8 }),
  scaleUpRatio: fc.constantFrom(1, 1.5, 2),
  scaleUpPeriodSeconds: fc.constantFrom(15, 60, 100),
  scaleDownReplicas: fc.integer({ min: 1, max: 3 }),
  scaleDownShare: fc.constantFrom(0, 0.1, 0.5, 1),
  scaleDownPeriodSeconds: fc.constantFrom(15, 60, 100),
  zeroRetentionSeconds: fc.constantFrom(0, 60),
  zeroIdleSeconds: fc.constantFrom(null, 60, 900),
  fallbackAfterWindows: fc.constant(2),
});

interface World {
  readonly settings: GuardSettings;
  readonly min: number;
  readonly max: number;
  readonly platform: PlatformLimits | null;
  readonly startCount: number;
  readonly happenings: readonly Happening[];
}

const world: fc.Arbitrary<World> = fc.record({
  settings: settingsArbitrary,
  min: fc.constantFrom(0, 0, 1, 4),
  max: fc.integer({ min: 4, max: 24 }),
  platform: fc.constantFrom(null, { minReplicas: 1, maxReplicas: 5 }),
  startCount: fc.integer({ min: 0, max: 30 }),
  happenings: fc.array(happening, { minLength: 5, maxLength: 60 }),
});

interface Step {
  readonly decision: GuardDecision;
  readonly on: "window" | "tick";
  readonly window: MetricsWindow | null;
  readonly readable: boolean;
  /** How many changes there had been. */
  readonly changesBefore: number;
}

/** Lives through the happenings: windows every 30 s, ticks 2 s after whatever came before. */
function live({ settings, min, max, platform, startCount, happenings }: World, roundTrip = false) {
  const managed = aFunction({ minReplicas: min, maxReplicas: max });
  let state: GuardState = startGuard(0);
  let replicas = startCount;
  let nowMs = 0;
  let seq = 0;
  const steps: Step[] = [];
  /** Every change of the count: ours, and others'. */
  const changes: { atMs: number; change: number; ours: boolean }[] = [];
  const settle = (decision: GuardDecision, kind: "obeys" | "clamps" | "unanswered" | "not-sent") => {
    const sent = decision.kind === "scale" && kind !== "not-sent";
    const reached = !sent ? replicas : kind === "clamps" ? Math.min(decision.desired!, 5) : decision.desired!;
    const outcome: Outcome = !sent
      ? { kind: "not-sent" }
      : kind === "unanswered"
        ? { kind: "unanswered" }
        : { kind: "applied", replicas: reached };
    if (sent) changes.push({ atMs: decision.atMs, change: reached - replicas, ours: true });
    state = withApplied(state, decision, outcome, settings).state;
    replicas = reached;
  };
  for (const event of happenings) {
    if (roundTrip) state = JSON.parse(JSON.stringify(state)) as GuardState;
    if (event.kind === "foreign") {
      changes.push({ atMs: nowMs, change: event.count - replicas, ours: false });
      replicas = event.count;
    } else if (event.kind === "window") {
      nowMs = (Math.floor(nowMs / 30_000) + 1) * 30_000;
      seq = nowMs / 30_000;
      const window = aWindow(seq, {
        arrivals: event.arrivals,
        inFlightMax: event.inFlight,
        availableReplicas: event.available,
        desiredReplicas: replicas,
        metricAgeSeconds: event.ageSeconds,
      });
      const current = event.readable ? replicas : null;
      const proposal = event.proposed === null ? null : { proposedReplicas: event.proposed, because: "a whim" };
      const decided = decide(state, anInput({ managed, window, current, proposal, platform }), settings);
      ({ state } = decided);
      steps.push({
        decision: decided.decision,
        on: "window",
        window,
        readable: event.readable,
        changesBefore: changes.length,
      });
      settle(decided.decision, event.outcome);
    } else {
      nowMs += 2000;
      const tick = aTick(nowMs / 1000, {
        inFlight: event.inFlight,
        availableReplicas: event.available,
        desiredReplicas: replicas,
      });
      const ticked = onTick(state, { managed, tick, current: event.readable ? replicas : null, platform }, settings);
      ({ state } = ticked);
      if (ticked.decision === null) continue;
      steps.push({
        decision: ticked.decision,
        on: "tick",
        window: null,
        readable: event.readable,
        changesBefore: changes.length,
      });
      settle(ticked.decision, "obeys");
    }
  }
  const upper = Math.min(max, platform?.maxReplicas ?? max);
  return { steps, changes, state, lower: Math.min(Math.max(min, platform?.minReplicas ?? 0), upper), upper };
}

const always = (check: (world: World) => void) => fc.assert(fc.property(world, check), { numRuns: 300, seed: 20_260 });

describe("guard: whatever happens", () => {
  test("no count outside the bounds is ever sent", () =>
    always((w) => {
      const { steps, lower, upper } = live(w);
      for (const { decision } of steps) {
        if (decision.kind === "scale")
          assert.ok(decision.desired! >= lower && decision.desired! <= upper, decision.reason);
      }
    }));

  test("missing or stale data never scale down", () =>
    always((w) => {
      for (const { decision, window, readable } of live(w).steps) {
        if (window === null) continue;
        const limitSeconds = w.settings.maxMetricAgeSeconds ?? 30;
        const blind =
          !readable ||
          window.arrivals === null ||
          window.availableReplicas === null ||
          window.metricAgeSeconds === null ||
          window.metricAgeSeconds > limitSeconds;
        if (blind) assert.ok(decision.desired! >= decision.current!, decision.reason);
      }
    }));

  test("within a stable window of the restart nothing scales down", () =>
    always((w) => {
      for (const { decision } of live(w).steps) {
        if (decision.atMs <= w.settings.stableWindowSeconds * 1000) {
          assert.ok(decision.desired! >= decision.current!, decision.reason);
        }
      }
    }));

  test("no period sees more than its rate, whoever else moves the count; only the bounds go before it", () =>
    always((w) => {
      const { steps, changes, lower, upper } = live(w);
      const { settings } = w;
      for (const { decision, changesBefore } of steps) {
        const { current, desired, atMs } = decision;
        if (current === null || desired === null || desired === current) continue;
        const up = desired > current;
        const sinceMs = atMs - (up ? settings.scaleUpPeriodSeconds : settings.scaleDownPeriodSeconds) * 1000;
        // Where the count stood when the period began, had nobody but us moved it.
        const moved = changes
          .slice(0, changesBefore)
          .filter((c) => c.ours && c.atMs > sinceMs)
          .reduce((sum, c) => sum + c.change, 0);
        const start = Math.max(0, current - moved);
        if (up) {
          const most = Math.max(start + settings.scaleUpReplicas, Math.ceil(start * settings.scaleUpRatio));
          assert.ok(desired <= Math.max(most, lower), `${decision.reason} (period began at ${start})`);
        } else {
          const least = Math.min(start - settings.scaleDownReplicas, Math.trunc(start * (1 - settings.scaleDownShare)));
          assert.ok(desired >= Math.min(least, upper), `${decision.reason} (period began at ${start})`);
        }
      }
    }));

  test("every decision has all stages in order, and its number is the last one", () =>
    always((w) => {
      for (const { decision } of live(w).steps) {
        assert.deepEqual(
          decision.stages.map(({ stage }) => stage),
          GUARD_STAGES.slice(0, -1),
        );
        assert.equal(decision.stages[0]!.replicas, decision.current);
        assert.equal(decision.stages.at(-1)!.replicas, decision.desired);
        assert.equal(decision.kind === "scale", decision.desired !== decision.current);
        for (const { replicas } of decision.stages) assert.ok(Number.isInteger(replicas) && replicas >= 0);
      }
    }));

  test("a tick never scales down, and speaks only to scale up", () =>
    always((w) => {
      for (const { decision, on } of live(w).steps) {
        if (on === "tick") assert.ok(decision.kind === "scale" && decision.desired! > decision.current!);
      }
    }));

  test("the last replica goes only when the window shows no work", () =>
    always((w) => {
      for (const { decision, window } of live(w).steps) {
        if (decision.desired !== 0 || decision.kind !== "scale") continue;
        assert.equal(window?.arrivals, 0);
        assert.equal(window?.inFlightMax, 0);
      }
    }));

  test("same history, same decisions; the state survives JSON", () =>
    always((w) => {
      const once = live(w);
      assert.deepEqual(live(w), once);
      assert.deepEqual(live(w, true), once);
    }));

  test("a count that only we move is never called foreign", () =>
    always((w) => {
      const happenings = w.happenings.filter(({ kind }) => kind !== "foreign");
      for (const { decision } of live({ ...w, happenings }).steps) assert.equal(decision.foreignChange, null);
    }));

  test("a foreign change is told by the next decision that reads the count, once", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (mine, theirs) => {
        const window = (proposed: number): Happening => ({
          kind: "window",
          arrivals: 9,
          inFlight: 1,
          available: mine,
          ageSeconds: 1,
          proposed,
          readable: true,
          outcome: "obeys",
        });
        const happenings: Happening[] = [
          window(mine),
          { kind: "foreign", count: theirs },
          window(mine),
          window(theirs),
        ];
        const start = { settings: GUARD_DEFAULTS, min: 1, max: 20, platform: null, startCount: mine, happenings };
        const told = live(start).steps.map(({ decision }) => decision.foreignChange);
        assert.deepEqual(told, [null, mine === theirs ? null : { expected: mine, found: theirs }, null]);
      }),
    ));
});
