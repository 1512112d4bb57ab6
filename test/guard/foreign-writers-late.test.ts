/** Someone else sets counts under a load while decisions on windows come late: every promise is kept, the floor's first of all. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { decide, glance, GUARD_DEFAULTS, onTick, startGuard, type GuardDecision } from "#shared/guard/guard.ts";
import { checkPromises } from "#test/support/check-promises.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import { aFunction, anInput, aTick, aWindow, obeyed } from "#test/support/guard/fixtures.ts";

const TICKS = 15;
const TICK_SECONDS = 2;

const windows = fc.array(
  fc.record({
    /** One a tick. */
    inFlight: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: TICKS, maxLength: TICKS }),
    foreign: fc.option(fc.record({ atTick: fc.nat({ max: TICKS - 1 }), count: fc.constantFrom(1, 2, 12) })),
    /** So many ticks of the next window come before the decision on this one. */
    ticksLate: fc.nat({ max: 3 }),
    /** What is ready follows what is desired after so many ticks. */
    readyAfterTicks: fc.nat({ max: 6 }),
  }),
  { minLength: 4, maxLength: 10 },
);

function recordOf(story: typeof windows extends fc.Arbitrary<infer T> ? T : never): RecordedEvent[] {
  const managed = aFunction({ minReplicas: 1, maxReplicas: 12, targetInFlight: 2 });
  const record: RecordedEvent[] = [];
  const desired: number[] = [];
  let state = startGuard(0);
  let replicas = 4;
  let previousId: string | null = null;
  let late = (): void => {};
  const settle = (decision: GuardDecision): void => {
    const settled = obeyed(state, decision, { previousId });
    ({ state } = settled);
    record.push({ kind: "applied", data: settled.applied });
    previousId = settled.applied.decisionId;
    replicas = settled.applied.applied ?? replicas;
  };
  for (const [index, { inFlight, foreign, ticksLate, readyAfterTicks }] of story.entries()) {
    for (let i = 0; i < TICKS; i++) {
      if (foreign?.atTick === i) replicas = foreign.count;
      desired.push(replicas);
      const counts = { desiredReplicas: replicas, availableReplicas: desired.at(-1 - readyAfterTicks) ?? desired[0]! };
      const tick = aTick((index * TICKS + i + 1) * TICK_SECONDS, { ...counts, inFlight: inFlight[i]! });
      record.push({ kind: "tick", data: { managed, tick } });
      const seen = { managed, tick };
      const glanced = glance(state, seen, GUARD_DEFAULTS);
      const ticked = glanced.isWorthReading
        ? onTick(state, { ...seen, current: replicas }, GUARD_DEFAULTS)
        : { ...glanced, decision: null };
      ({ state } = ticked);
      if (ticked.decision !== null) settle(ticked.decision);
      if (i === ticksLate) {
        late();
        late = () => {};
      }
      if (i < TICKS - 1) continue;
      const window = aWindow(index + 1, { ...counts, inFlightMax: Math.max(...inFlight) });
      record.push({ kind: "window", data: { managed, window } });
      late = () => {
        const decided = decide(state, anInput({ managed, window, current: replicas, proposed: 4 }), GUARD_DEFAULTS);
        ({ state } = decided);
        settle(decided.decision);
      };
    }
  }
  return record;
}

test("others' counts and late windows: what two ticks prove is asked for, and every other promise is kept", () =>
  fc.assert(
    fc.property(windows, (story) => assert.deepEqual(checkPromises(recordOf(story)).broken, [])),
    { numRuns: 2_000, seed: 3 },
  ));
