import assert from "node:assert/strict";
import { test } from "node:test";

import { change } from "#shared/task/actions/change.ts";
import { boxContains } from "#shared/task/environment/spaces.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { successShare, type DecidableWindow, type MeasuredWindow, type MetricsWindow } from "#shared/core/window.ts";
import { spaceOf } from "#shared/task/observation/layout.ts";
import { LAYOUTS, layoutNamed, type LayoutName } from "#shared/task/observation/layouts.ts";
import { LoadMeter } from "#shared/task/load-meter.ts";
import { aFunction } from "#test/support/policies.ts";

import { aWindow } from "#test/support/guard/fixtures.ts";

const busy = aWindow(1, {
  arrivals: 120,
  completedOk: 90,
  completedError: { "4xx": 0, "429": 20, "5xx": 5, "504": 5 },
  throughputRps: 3,
  executionSecondsMean: 1.5,
  latencySeconds: { p50: 1, p95: 4, p99: 9 },
  desiredReplicas: 6,
  availableReplicas: 4,
  cpuRatio: 0.75,
  memoryRatio: 0.25,
});
/** The observation of one window by a layout that remembers nothing. */
const observe = (layout: LayoutName, window: MetricsWindow) =>
  LAYOUTS[layout].observerOf(aFunction, new LoadMeter(aFunction)).see(window as DecidableWindow);
const nothing: Partial<MeasuredWindow> = {
  arrivals: null,
  completedOk: null,
  completedError: null,
  throughputRps: null,
  executionSecondsMean: null,
  latencySeconds: { p50: null, p95: null, p99: null },
  desiredReplicas: null,
  availableReplicas: null,
  cpuRatio: null,
  memoryRatio: null,
};

for (const { layout, want, missing } of [
  { layout: "agarwal-6", want: [1.5, 75, 120, 4, 0.75, 0.25], missing: [0, 0, 0, 0, 0, 0] },
  { layout: "plus-7", want: [1.5, 3, 120, 6, 0.75, 0.25, 4], missing: [0, 0, 0, 1, 0, 0, 200] },
  { layout: "plus-8", want: [1.5, 3, 120, 6, 0.75, 0.25, 4, 0], missing: [0, 0, 0, 1, 0, 0, 0, 1] },
] satisfies { layout: LayoutName; want: number[]; missing: number[] }[]) {
  test(`observation: ${layout} in its order, and with nothing measured`, () => {
    assert.deepEqual([...observe(layout, busy)], want);
    const blind = observe(layout, aWindow(1, nothing));
    assert.deepEqual([...blind], missing);
    for (const values of [want, missing]) assert.ok(boxContains(spaceOf(LAYOUTS[layout]), values));
  });
}

test("observation: values beyond the declared range are cut to it", () => {
  const wild = aWindow(1, {
    arrivals: 1e6,
    executionSecondsMean: 500,
    cpuRatio: 7,
    desiredReplicas: 99,
    throughputRps: 1e4,
  });
  assert.ok(boxContains(spaceOf(LAYOUTS["plus-7"]), observe("plus-7", wild)));
});

test("observation: an unknown layout is refused by name", () => {
  assert.throws(
    () => layoutNamed("plus-9"),
    (thrown) => thrown instanceof BadInputError && /'plus-9'/.test(thrown.message),
  );
});

test("observation: the success share of a window in which nothing ended is unknown", () => {
  assert.equal(successShare(busy), 0.75);
  assert.equal(successShare(aWindow(1, { completedOk: 0 })), null);
});

test("action: two down to two up, masked at the bounds, never without a choice", () => {
  const bounds = { minReplicas: 1, maxReplicas: 24 };
  const need = { now: 0, peak: 0 };
  const requests = [0, 1, 2, 3, 4].map((action) => change.requestOf(action, { desiredReplicas: 5, bounds, need }));
  assert.deepEqual(
    requests.map(({ replicas }) => replicas),
    [3, 4, 5, 6, 7],
  );
  const maskAt = (desiredReplicas: number) => [...change.maskOf({ desiredReplicas, bounds })];
  assert.deepEqual(maskAt(1), [0, 0, 1, 1, 1]);
  assert.deepEqual(maskAt(2), [0, 1, 1, 1, 1]);
  assert.deepEqual(maskAt(24), [1, 1, 1, 0, 0]);
  assert.deepEqual(maskAt(23), [1, 1, 1, 1, 0]);
  assert.deepEqual(maskAt(0), [0, 0, 1, 1, 1]);
  assert.equal(change.requestOf(0, { desiredReplicas: 1, bounds, need }).isWithinBounds, false);
  assert.deepEqual([change.actionFor(7, 5), change.actionFor(5, 5), change.actionFor(9, 5)], [4, 2, null]);
});
