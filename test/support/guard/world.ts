/** A guard that lives through arbitrary happenings, and the record of what came out. */
import fc from "fast-check";

import {
  decide,
  glance,
  onTick,
  startGuard,
  withApplied,
  type GuardDecision,
  type GuardSettings,
  type GuardState,
  type ScaleOutcome,
} from "#shared/guard/guard.ts";
import type { PlatformLimits } from "#shared/core/platform-limits.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { aFunction, anInput, aTick, aWindow } from "./fixtures.ts";

export type Happening =
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

export interface World {
  readonly settings: GuardSettings;
  readonly min: number;
  readonly max: number;
  readonly platform: PlatformLimits | null;
  readonly startCount: number;
  readonly happenings: readonly Happening[];
}

export const world: fc.Arbitrary<World> = fc.record({
  settings: settingsArbitrary,
  min: fc.constantFrom(0, 0, 1, 4),
  max: fc.integer({ min: 4, max: 24 }),
  platform: fc.constantFrom(null, { minReplicas: 1, maxReplicas: 5 }),
  startCount: fc.integer({ min: 0, max: 30 }),
  happenings: fc.array(happening, { minLength: 5, maxLength: 60 }),
});

export interface Step {
  readonly decision: GuardDecision;
  readonly on: "window" | "tick";
  readonly window: MetricsWindow | null;
  readonly readable: boolean;
  /** How many changes there had been. */
  readonly changesBefore: number;
}

/** Lives through the happenings: windows every 30 s, ticks 2 s after whatever came before. */
export function live({ settings, min, max, platform, startCount, happenings }: World, roundTrip = false) {
  const managed = aFunction({ minReplicas: min, maxReplicas: max });
  /** As the collector tells it. */
  const told = platform === null ? managed : { ...managed, platform };
  let state: GuardState = startGuard(0);
  let replicas = startCount;
  let nowMs = 0;
  let seq = 0;
  let previousId: string | null = null;
  const steps: Step[] = [];
  const record: RecordedEvent[] = [];
  /** Every change of the count: ours, and others'. */
  const changes: { atMs: number; change: number; ours: boolean }[] = [];
  const settle = (decided: GuardDecision, kind: "obeys" | "clamps" | "unanswered" | "not-sent") => {
    const sent = decided.kind === "scale" && kind !== "not-sent";
    const reached = !sent ? replicas : kind === "clamps" ? Math.min(decided.desired!, 5) : decided.desired!;
    const outcome: ScaleOutcome = !sent
      ? { kind: "not-sent" }
      : kind === "unanswered"
        ? { kind: "unanswered" }
        : { kind: "applied", replicas: reached };
    if (sent) changes.push({ atMs: decided.atMs, change: reached - replicas, ours: true });
    const { startedAtMs } = state;
    const done = withApplied(state, decided, outcome, settings);
    ({ state } = done);
    const target = sent ? "simulator" : "none";
    const { kind: _kind, foreignChange: _foreign, ...decision } = done.decision;
    record.push({
      kind: "applied",
      data: { ...decision, mode: "auto", target, fencing: 1, guardSinceMs: startedAtMs, previousId },
    });
    previousId = decision.decisionId;
    replicas = reached;
  };
  for (const event of happenings) {
    if (roundTrip) state = JSON.parse(JSON.stringify(state)) as GuardState;
    if (event.kind === "foreign") {
      changes.push({ atMs: nowMs, change: event.count - replicas, ours: false });
      replicas = event.count;
    } else if (event.kind === "window") {
      // The tick at a window's end comes with it.
      if (nowMs % 30_000 > 0 || nowMs === 0 || nowMs / 30_000 === seq)
        nowMs = (Math.floor(nowMs / 30_000) + 1) * 30_000;
      seq = nowMs / 30_000;
      const window = aWindow(seq, {
        arrivals: event.arrivals,
        inFlightMax: event.inFlight,
        availableReplicas: event.available,
        desiredReplicas: replicas,
        metricAgeSeconds: event.ageSeconds,
      });
      record.push({ kind: "window", data: { managed: told, window } });
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
      record.push({ kind: "tick", data: { managed: told, tick } });
      // As the scaler does it.
      const seen = { managed, tick, platform };
      const current = event.readable ? replicas : null;
      const glanced = glance(state, seen, settings);
      const ticked = glanced.isWorthReading
        ? onTick(state, { ...seen, current }, settings)
        : { ...glanced, decision: null };
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
  return { steps, changes, record, state, lower: Math.min(Math.max(min, platform?.minReplicas ?? 0), upper), upper };
}
