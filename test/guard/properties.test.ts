/** What the guard never does, whatever happens to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { GUARD_STAGES } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { live, world, type Happening, type World } from "#test/support/guard/world.ts";

const always = (check: (world: World) => void) => fc.assert(fc.property(world, check), { numRuns: 300, seed: 20_260 });

describe("guard: whatever happens", () => {
  test("no count outside the bounds is ever sent", () =>
    always((w) => {
      const { steps, lower, upper } = live(w);
      for (const { decision } of steps) {
        const { kind, current, desired, reason } = decision;
        if (kind !== "scale") continue;
        // What stands beyond a limit of the platform shows that there is none.
        const [least, most] = [current! < lower ? w.min : lower, current! > upper ? w.max : upper];
        assert.ok(desired! >= least && desired! <= most, reason);
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
