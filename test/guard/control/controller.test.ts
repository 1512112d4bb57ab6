/** The fast controller: what each tick comes to, how long a need stands, and what absence does. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { NO_CONTROL, takeTarget, takeTick, wantedReplicas } from "#shared/guard/control/controller.ts";
import { holdAnswer, memoryOf, restoreHeld, tickHeld, type Held } from "#shared/guard/control/held.ts";
import type { ReplicaTarget } from "#shared/core/replica-target.ts";
import type { Tick } from "#shared/core/window.ts";
import { aTick } from "#test/support/a-window.ts";

const target: ReplicaTarget = {
  ...{ replicasPerRps: 1.5, headroom: 2, inFlightPerReplica: 6, patienceSeconds: 1, leastReplicas: 0 },
  ...{ holdSeconds: 30, holdStarts: 0, memory: {} },
};

/** Ticks every 2 s from `fromSeconds` on. */
function ticked(rps: readonly number[], changes: Partial<Tick> = {}, fromSeconds = 0, state = NO_CONTROL, to = target) {
  rps.forEach((rate, i) => {
    const atMs = (fromSeconds + 2 * i) * 1000;
    state = takeTick(state, aTick({ atMs, arrivals: 2 * rate, inFlight: 0, ...changes }), to);
  });
  return state;
}

const times = (count: number, value: number) => Array.from({ length: count }, () => value);

describe("the fast controller", () => {
  test("a rate × what a request is worth × headroom, rounded up, and its words", () => {
    const state = ticked(times(31, 2));
    const wanted = wantedReplicas(state, target, 60_000)!;
    assert.equal(wanted.proposedReplicas, 6);
    assert.equal(wanted.because, "2 requests/s × 1.5 replicas each × headroom 2");
  });

  test("without a rate nothing is wanted: few in flight prove nothing", () => {
    assert.equal(wantedReplicas(NO_CONTROL, target, 0), null);
    const first = takeTick(NO_CONTROL, aTick({ atMs: 2_000, arrivals: 4, inFlight: 0 }), target);
    assert.equal(wantedReplicas(first, target, 2_000), null, "one tick has no beginning");
  });

  test("requests that pile up ask for more than their rate does, at once", () => {
    const state = ticked(times(31, 2));
    const piled = takeTick(state, aTick({ atMs: 62_000, arrivals: 4, inFlight: 60 }), target);
    const wanted = wantedReplicas(piled, target, 62_000)!;
    assert.equal(wanted.proposedReplicas, 10);
    assert.equal(wanted.because, "60 in flight ÷ 6 a replica");
  });

  test("a burst is followed within a few ticks; its need stands for the hold time, and no longer", () => {
    const burst = ticked(times(5, 12), {}, 62, ticked(times(31, 2)));
    assert.ok(wantedReplicas(burst, target, 70_000)!.proposedReplicas > 25);
    const after = ticked(times(14, 2), {}, 72, burst);
    assert.ok(wantedReplicas(after, target, 98_000)!.proposedReplicas > 25, "still held");
    const quiet = ticked(times(60, 2), {}, 100, after);
    assert.ok(wantedReplicas(quiet, target, 218_000)!.proposedReplicas <= 7);
  });

  test("where starts are slow a need stands for longer", () => {
    const slow = { ...target, holdStarts: 2 };
    // Three replicas asked for at 2 s are ready at 42 s.
    let state = NO_CONTROL;
    for (let at = 0; at <= 60; at += 2) {
      const desiredReplicas = at < 2 ? 1 : 4;
      const tick = aTick({
        atMs: at * 1000,
        arrivals: 4,
        inFlight: 0,
        desiredReplicas,
        availableReplicas: at < 42 ? 1 : 4,
      });
      state = takeTick(state, tick, slow);
    }
    const blip = wantedReplicas(ticked(times(3, 12), {}, 62, state, slow), slow, 66_000)!;
    assert.ok(blip.proposedReplicas < 25, `what is over before a replica is there counts less: ${blip.because}`);
    const burst = ticked(times(20, 12), {}, 62, state, slow);
    const quiet = ticked(times(50, 2), {}, 102, burst, slow);
    assert.ok(wantedReplicas(quiet, slow, 200_000)!.proposedReplicas > 25, "30 s and twice forty");
    assert.ok(wantedReplicas(ticked(times(80, 2), {}, 202, quiet, slow), slow, 360_000)!.proposedReplicas <= 7);
  });

  test("a tick that was not measured changes no rate, and the next counts for both", () => {
    const state = ticked(times(31, 2));
    const missed = takeTick(state, aTick({ atMs: 62_000, arrivals: null, inFlight: null }), target);
    const next = takeTick(missed, aTick({ atMs: 64_000, arrivals: 8, inFlight: 0 }), target);
    assert.equal(wantedReplicas(next, target, 64_000)!.proposedReplicas, 6);
  });

  test("arrivals are dated by the reading that told them: lumps of a slow scrape are no bursts", () => {
    // A scrape every 5 s, at 3 requests a second, seen by ticks every 2 s.
    let state = NO_CONTROL;
    let scraped = 0;
    for (let at = 2; at <= 300; at += 2) {
      const scrape = Math.floor((at - 0.5) / 5) * 5 + 0.5;
      const arrivals = scrape > scraped ? 3 * (scrape - scraped) : null;
      const seen = { arrivals, inFlight: arrivals && 1, metricAgeSeconds: at - scrape };
      state = takeTick(state, aTick({ atMs: at * 1000, ...seen }), target);
      scraped = Math.max(scraped, scrape);
      if (at > 20) assert.equal(wantedReplicas(state, target, at * 1000)!.proposedReplicas, 9, `at ${at} s`);
    }
  });

  test("a need stands for as much longer as the next reading is away", () => {
    const every15 = (state: typeof NO_CONTROL, from: number, rps: number, count: number) => {
      for (let i = 0; i < count; i++) {
        state = takeTick(state, aTick({ atMs: (from + 15 * i) * 1000, arrivals: 15 * rps, inFlight: 0 }), target);
      }
      return state;
    };
    const burst = every15(every15(NO_CONTROL, 0, 2, 20), 300, 12, 2);
    const after = every15(burst, 330, 2, 2);
    assert.ok(
      wantedReplicas(after, target, 345_000 + 14_000)!.proposedReplicas > 25,
      "44 s after the burst's last reading",
    );
  });

  test("a tick delivered twice, or late, is no second one", () => {
    const state = ticked(times(31, 2));
    assert.equal(takeTick(state, aTick({ atMs: 60_000, arrivals: 400, inFlight: 0 }), target), state);
    assert.equal(takeTick(state, aTick({ atMs: 10_000, arrivals: 400, inFlight: 0 }), target), state);
  });

  test("after a minute without a tick the rate is not known, and what was needed before is over", () => {
    const state = takeTick(ticked(times(31, 2)), aTick({ atMs: 200_000, arrivals: 400, inFlight: 0 }), target);
    assert.equal(wantedReplicas(state, target, 200_000), null);
  });

  test("a new target counts at once", () => {
    const state = takeTarget(ticked(times(31, 2)), { ...target, headroom: 3 }, 60_000);
    assert.equal(wantedReplicas(state, target, 60_000)!.proposedReplicas, 9);
  });

  test("whatever comes, the count is that of the largest need of the hold time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 2, maxLength: 60 }), (inFlight) => {
        let state = NO_CONTROL;
        const seen: { at: number; need: number }[] = [];
        inFlight.forEach((count, i) => {
          state = takeTick(state, aTick({ atMs: i * 2_000, arrivals: 0, inFlight: count }), target);
          if (i > 0) seen.push({ at: i * 2, need: count / 6 });
        });
        const now = (inFlight.length - 1) * 2;
        // Thirty seconds and a reading's two.
        const most = Math.max(...seen.filter(({ at }) => at > now - 32).map(({ need }) => need));
        assert.equal(wantedReplicas(state, target, now * 1000)!.proposedReplicas, Math.ceil(most - 1e-9));
      }),
    );
  });
});

describe("a held target", () => {
  const policy = { name: "slo-budget", version: "1" };

  test("an answer without a target is its own count, and ends what was held", () => {
    const held: Held = { policy, target, control: ticked(times(31, 2)) };
    const answer = { proposedReplicas: 7, because: "x" };
    assert.deepEqual(holdAnswer(held, answer, policy, 60_000), { held: null, wanted: answer });
  });

  test("before the first ticks the window's own count stands", () => {
    const answer = { proposedReplicas: 7, because: "x", target };
    const { held, wanted } = holdAnswer(null, answer, policy, 60_000);
    assert.equal(wanted.proposedReplicas, 7);
    assert.equal(tickHeld(held!, aTick({ atMs: 62_000 })).wanted, null);
  });

  test("its memory is small, fit for JSON, and another goes on from it", () => {
    const held: Held = { policy, target, control: ticked(times(31, 2)) };
    const text = JSON.stringify(memoryOf(held));
    assert.ok(text.length < 400, text);
    const again = restoreHeld(JSON.parse(text) as ReturnType<typeof memoryOf>);
    let { held: next } = tickHeld(again, aTick({ atMs: 90_000, arrivals: 4, inFlight: 0 }));
    const after = tickHeld(next, aTick({ atMs: 92_000, arrivals: 4, inFlight: 0 }));
    next = after.held;
    assert.equal(after.wanted!.proposedReplicas, 6);
  });
});
