/** Fits of starts, of a call's cost, of the CFS model and of lags: what was put in comes out. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { fitLag, ratesOf } from "#shared/sim/calibration/lag.ts";
import { fitCallCost, loneCallSeconds, workError, workRows } from "#shared/sim/calibration/service.ts";
import { fitStarts } from "#shared/sim/calibration/start-up.ts";

test("starts: the law and its growth with simultaneous starts are found again", () => {
  const random = seededRandom("starts");
  const samples = Array.from({ length: 60 }, (_, step) => step).flatMap((step) =>
    Array.from({ length: 1 + (step % 8) }, (_, others) => ({
      others,
      seconds: 0.8 * Math.exp(0.1 * random.normal()) * (1 + 0.3 * others),
    })),
  );
  const fit = fitStarts(samples, 0.1)!;
  assert.ok(Math.abs(fit.slowdownRatio - 0.3) < 0.03, `growth ${fit.slowdownRatio}`);
  assert.ok(Math.abs(fit.median - 0.8) < 0.05, `median ${fit.median}`);
  assert.ok(Math.abs(fit.sigma - 0.1) < 0.03, `sigma ${fit.sigma}`);
  assert.ok(fit.medianError < 0.15);
});

test("starts: where replicas start alone, the growth stays what it was", () => {
  const fit = fitStarts(
    [
      { others: 0, seconds: 1 },
      { others: 0, seconds: 1.2 },
    ],
    0.1,
  )!;
  assert.equal(fit.slowdownRatio, 0.1);
  assert.equal(fitStarts([], 0.1), null);
});

const saturated = (limitCores: number, workSeconds: number, overheadSeconds: number, ratio: number) => ({
  limitCores,
  workSeconds,
  rps: (limitCores * ratio) / (workSeconds + overheadSeconds),
});

test("a call's cost: overhead and the share of the limit that arrives come out of saturated rates", () => {
  const points = [0.1, 0.25, 0.5].flatMap((limit) =>
    [0, 0.005, 0.02].map((work) => saturated(limit, work, 0.0007, 0.93)),
  );
  const fit = fitCallCost(points)!;
  assert.ok(Math.abs(fit.callCpuSeconds - 0.0007) < 1e-9);
  assert.ok(Math.abs(fit.limitRatio - 0.93) < 1e-9);
  assert.ok(fit.medianError < 1e-9);
});

test("a call's cost: one work alone tells no line, and no rate tells nothing", () => {
  assert.equal(fitCallCost([saturated(0.1, 0.005, 0, 1), saturated(0.5, 0.005, 0, 1)]), null);
  assert.equal(fitCallCost([{ limitCores: 0.1, workSeconds: 0, rps: 0 }]), null);
  // Twice the work at the same rate cannot be: no limit would explain it.
  assert.equal(
    fitCallCost([
      { limitCores: 0.1, workSeconds: 0.01, rps: 5 },
      { limitCores: 0.1, workSeconds: 0.005, rps: 1 },
    ]),
    null,
  );
});

const model = { callCpuSeconds: 0, limitRatio: 1, periodSeconds: 0.1, overheadSeconds: 0 };

// At a phase that is even over the period, a call of n whole quotas waits n − 1 times; see the CFS table of the simulator.
for (const { name, limit, work, least, most } of [
  { name: "what fits into the quota is not throttled", limit: 0.1, work: 0.005, least: 0.005, most: 0.005 },
  { name: "two quotas: one wait, shorter the later in the period", limit: 0.1, work: 0.02, least: 0.05, most: 0.11 },
  { name: "60 ms at 250 m: three quotas", limit: 0.25, work: 0.06, least: 0.11, most: 0.21 },
  { name: "a whole core waits for nothing", limit: 1, work: 0.3, least: 0.3, most: 0.3 },
]) {
  test(`the CFS model of a lone call: ${name}`, () => {
    const seconds = loneCallSeconds(limit, work, model);
    assert.ok(seconds >= least - 1e-9 && seconds <= most + 1e-9, `${seconds} s`);
  });
}

test("the work ladder beside the model: gateway and overhead add up, and cells without an answer are no error", () => {
  const with2ms = { ...model, callCpuSeconds: 0.001, overheadSeconds: 0.002 };
  const rows = workRows(
    [
      { limitCores: 0.1, workSeconds: 0.004, latencySeconds: [0.007, 0.007, 0.014] },
      { limitCores: 0.1, workSeconds: 0.3, latencySeconds: [] },
    ],
    with2ms,
  );
  assert.ok(Math.abs(rows[0]!.modelledSeconds - 0.007) < 1e-9);
  assert.equal(rows[1]!.measuredSeconds, null);
  assert.ok(workError(rows)! < 1e-9);
});

test("a lag is the shift at which both go together", () => {
  const truth = [2, 2, 2, 20, 20, 20, 2, 2, 2, 2, 2, 2];
  const late = [0, 0, ...truth.slice(0, -2)];
  const fit = fitLag(truth, late, { binSeconds: 0.5, mostBins: 6 })!;
  assert.equal(fit.lagSeconds, 1);
  assert.ok(fit.correlation > 0.99);
  assert.equal(fitLag(truth, truth, { binSeconds: 0.5, mostBins: 6 })!.lagSeconds, 0);
  assert.equal(
    fitLag(
      truth,
      truth.map(() => 3),
      { binSeconds: 0.5, mostBins: 6 },
    ),
    null,
  );
});

test("a counter's readings as rates: the growth between the last readings before each bin's end", () => {
  const readings = [
    { atSeconds: 0, count: 10 },
    { atSeconds: 0.9, count: 12 },
    { atSeconds: 1.5, count: 13 },
    { atSeconds: 2.2, count: 20 },
  ];
  assert.deepEqual(ratesOf(readings, { binSeconds: 1, bins: 4 }), [2, 1, 7, 0]);
  assert.deepEqual(ratesOf([], { binSeconds: 1, bins: 2 }), [0, 0]);
});
