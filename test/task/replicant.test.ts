import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { DemandEstimate } from "#shared/core/demand.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { HEADROOMS, headroom } from "#shared/task/actions/headroom.ts";
import { boxContains } from "#shared/task/environment/spaces.ts";
import { spaceOf } from "#shared/task/observation/layout.ts";
import { LAYOUTS } from "#shared/task/observation/layouts.ts";
import { FunctionTask, taskNamed } from "#shared/task/task.ts";
import { lateShare, violationShare } from "#shared/task/violations.ts";
import { productReward } from "#shared/task/objectives/product.ts";
import { aFunction, aWindow } from "#test/support/policies.ts";

const layout = LAYOUTS["replicant-24"];
const names: string[] = layout.features.map(({ name }) => name);
const PRODUCT = taskNamed({ layout: "replicant-24", actions: "headroom", objective: "product" });
const aView = () => new FunctionTask(PRODUCT, aFunction);
const seen = (view: FunctionTask, ...window: Parameters<typeof aWindow>) => {
  const values = view.see(aWindow(...window));
  return (name: string) => values[names.indexOf(name)]!;
};
const near = (was: number, want: number, within = 1e-5) =>
  assert.ok(Math.abs(was - want) <= within, `was ${was}, not ${want}`);

test("replicant-24: has as many numbers as its name says, each with a name of its own", () => {
  assert.equal(names.length, 24);
  assert.equal(new Set(names).size, 24);
  assert.equal(spaceOf(layout).low.length, 24);
});

test("replicant-24: counts, rates and latencies in the function's own measure", () => {
  const value = seen(aView(), 1, { desiredReplicas: 5, availableReplicas: 3 });
  near(value("ln desired"), Math.log(6));
  near(value("ln ready"), Math.log(4));
  near(value("pending"), 2);
  near(value("ln rate"), Math.log(3));
  near(value("ln p95 ÷ SLO"), Math.log(1.5));
  near(value("ln in-flight ÷ target"), Math.log(1 + 2 / 15));
});

test("replicant-24: remembers the windows before", () => {
  const view = aView();
  for (let seq = 1; seq <= 9; seq++) seen(view, seq, { arrivals: 30 });
  const value = seen(view, 10, { arrivals: 300, desiredReplicas: 5 });
  near(value("last action"), 2);
  near(value("rate ÷ last window's"), Math.log(10.1 / 1.1));
  near(value("rate ÷ 60 s mean"), Math.log(10.1 / 5.6));
  // Of ten windows nine were at 1 rps; none is older, so that both lags mean the first.
  near(value("rate ÷ mean of 10"), Math.log(10.1 / 2));
  near(value("rate ÷ lag 120"), Math.log(10.1 / 1.1));
});

test("replicant-24: windows of any numbers lie in the declared space", () => {
  const number = fc.double({ min: 0, max: 1e9, noNaN: true });
  const orNull = fc.option(number);
  const window = fc.record({
    arrivals: fc.nat(1e9),
    desiredReplicas: fc.nat(10_000),
    availableReplicas: fc.nat(10_000),
    completedOk: fc.option(fc.nat(1e9)),
    inFlightMean: orNull,
    inFlightMax: orNull,
    cpuRatio: orNull,
    memoryRatio: orNull,
    metricAgeSeconds: orNull,
    latencySeconds: fc.record({ p50: orNull, p95: orNull, p99: orNull }),
  });
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 5 }), (windows) => {
      const view = aView();
      windows.forEach((changes, i) => {
        const values = view.see(aWindow(i + 1, changes));
        assert.ok(boxContains(spaceOf(layout), values), String(values));
      });
    }),
  );
});

test("task: a name that does not exist is refused", () => {
  const names = { layout: "plus-7", actions: "change", objective: "paper" } as const;
  assert.equal(taskNamed(names).layout.features.length, 7);
  for (const wrong of ["layout", "actions", "objective"] as const)
    assert.throws(() => taskNamed({ ...names, [wrong]: "toString" }), BadInputError);
});

test("demand: busy replicas by CPU, and what a request per second takes", () => {
  const demand = new DemandEstimate();
  // Two replicas 70 % busy with 2 rps: at the target already, one replica a request per second.
  const { replicas, replicasPerRps } = demand.see(aWindow(1, { availableReplicas: 2, inFlightMean: 0 }), aFunction);
  near(replicas, 2);
  near(replicasPerRps!, 1);
  // A burst that is not served yet: what was learned of a request tells what it needs.
  near(demand.see(aWindow(2, { arrivals: 600, completedOk: 0, cpuRatio: 1 }), aFunction).replicas, 20);
});

test("demand: where calls wait, their places count; a queue is no work", () => {
  const waiting = new DemandEstimate().see(aWindow(1, { cpuRatio: 0.01, inFlightMean: 10 }), aFunction);
  near(waiting.replicas, 2);
  const queue = new DemandEstimate().see(aWindow(1, { cpuRatio: 0.01, inFlightMean: 1e6 }), aFunction);
  near(queue.replicas, 3);
});

test("demand: nothing served, nothing known", () =>
  assert.deepEqual(new DemandEstimate().see(aWindow(1, { completedOk: 0 }), aFunction), {
    replicas: 0,
    replicasPerRps: null,
  }));

for (const { name, latencies, slo, want } of [
  { name: "all in time", latencies: { p50: 0.1, p95: 0.2, p99: 0.3 }, slo: 1, want: 0 },
  { name: "the slowest one in a hundred", latencies: { p50: 0.1, p95: 0.5, p99: 1 }, slo: 1, want: 0.01 },
  { name: "between p95 and p99", latencies: { p50: 1, p95: 2, p99: 4 }, slo: 3, want: 0.03 },
  { name: "between p50 and p95", latencies: { p50: 1, p95: 5.5, p99: 9 }, slo: 2, want: 0.4 },
  { name: "most of them late", latencies: { p50: 4, p95: 5, p99: 9 }, slo: 2, want: 0.75 },
  { name: "nothing measured", latencies: { p50: null, p95: null, p99: null }, slo: 2, want: 0 },
]) {
  test(`violations: ${name}`, () => near(lateShare(latencies, slo), want, 1e-9));
}

test("violations: what failed and what was late, of all that ended", () => {
  const window = aWindow(1, {
    completedOk: 50,
    completedError: { "4xx": 10, "429": 20, "5xx": 10, "504": 10 },
    latencySeconds: { p50: 4, p95: 5, p99: 9 },
  });
  near(violationShare(window, 2), (50 + 50 * 0.75) / 100, 1e-9);
  assert.equal(violationShare(aWindow(1, { completedOk: null }), 2), 0);
});

test("product objective: both costs in multiples of the usual need", () => {
  const input = { violationShare: 0.1, neededReplicas: 4, usualReplicas: 3, replicaSeconds: 180, windowSeconds: 30 };
  const { total, terms } = productReward(input);
  near(terms["violations"]!, -(25 * 0.1 * 4) / 80, 1e-12);
  near(terms["replicas"]!, -6 / 80, 1e-12);
  near(total, -16 / 80, 1e-12);
});

test("headroom: above the load of now, or above its latest peak; rounded up, within the bounds", () => {
  const bounds = { minReplicas: 1, maxReplicas: 9 };
  const replicas = (action: number, need: { now: number; peak: number }) =>
    headroom.requestOf(action, { desiredReplicas: 4, bounds, need }).replicas;
  HEADROOMS.forEach(({ of, times }, action) => {
    const need = { now: 2, peak: 3 };
    assert.equal(replicas(action, need), Math.ceil(times * need[of]));
    assert.equal(replicas(action, { now: 0, peak: 0 }), 1);
    assert.equal(replicas(action, { now: 99, peak: 99 }), 9);
  });
});
