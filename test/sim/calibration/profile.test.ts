/** Measurements become a profile in trace time; a profile's file is read back as it was written. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { calibrate } from "#shared/sim/calibration/fit.ts";
import type { FunctionFacts, Measurements } from "#shared/sim/calibration/measurements.ts";
import { parseProfileDocument } from "#shared/sim/calibration/profile-document.ts";
import { PROFILES } from "#shared/sim/profiles.ts";

const facts: FunctionFacts = {
  name: "stress",
  minReplicas: 1,
  maxReplicas: 12,
  slo: { seconds: 3, percentile: 95 },
  targetInFlight: 2,
  cpuLimitCores: 0.1,
  cpuRequestCores: 0.1,
  memoryLimitMegabytes: 134.2,
  memoryRequestMegabytes: 134.2,
  maxInflight: 100,
  execTimeoutSeconds: 30,
  graceSeconds: 35,
  meanCpuSeconds: 0.1,
  workCv: 0.3,
};

const nothing: Measurements = {
  cfsPeriodSeconds: null,
  noOp: [],
  ceilingRps: null,
  work: [],
  saturation: [],
  steps: [],
  arrivalsLag: null,
  cpuLag: null,
  idleMemoryBytes: null,
};

const step = { from: 1, to: 3, callSeconds: 0.01, applied: 3, reachedSeconds: 0.61, calls: 50, failed: 1 };
const measured: Measurements = {
  ...nothing,
  cfsPeriodSeconds: 0.01,
  noOp: [{ offeredRps: 5, answeredRps: 5, failed: 0, latencySeconds: [0.002, 0.002, 0.002] }],
  saturation: [0, 0.0005, 0.002].map((workSeconds) => ({
    limitCores: 0.1,
    workSeconds,
    rps: (0.1 * 0.9) / (workSeconds + 0.0004),
  })),
  steps: [
    {
      ...step,
      starts: [
        { others: 0, seconds: 0.51 },
        { others: 1, seconds: 0.61 },
      ],
    },
  ],
  cpuLag: { lagSeconds: 0.2, correlation: 0.9 },
  idleMemoryBytes: 45e6,
};

test("a profile in trace time: ten times as fast, durations are ten times as long", () => {
  const { profile, fits, kept } = calibrate(measured, { facts, timeLapse: 10, cores: 2 });
  const p = profile.parameters;
  const near = (value: number, want: number) => assert.ok(Math.abs(value - want) < 1e-6, `${value} is not ${want}`);
  near(profile.cpuSeconds, 0.1 + 10 * 0.0004);
  near(p.cpuLimitCores, 0.09);
  near(p.cfsPeriodSeconds, 0.1);
  near(p.gatewayOverheadSeconds, 10 * (0.002 - 0.0004));
  near(p.startMedianSeconds, 10 * 0.5);
  near(p.startSlowdownRatio, 0.2);
  near(p.execTimeoutSeconds, 300);
  near(p.graceSeconds, 350);
  near(p.upstreamTimeoutSeconds, 600);
  near(p.scaleCallMaxSeconds, 0.1);
  near(p.earlyFailureChance, 0.02);
  near(p.memoryBaseMegabytes, 45);
  near(p.cpuHousekeepingSeconds, 4);
  // What cannot be told from the start, seen from outside, must not be added to it again.
  assert.deepEqual([p.readinessPeriodSeconds, p.endpointSeconds], [0, 0]);
  assert.deepEqual([p.nodes, p.nodeCores], [1, 2]);
  const { minReplicas, maxReplicas, slo, targetInFlight, name } = profile;
  assert.deepEqual(
    { minReplicas, maxReplicas, slo, targetInFlight, name },
    {
      ...{ minReplicas: 1, maxReplicas: 12, slo: { seconds: 3, percentile: 95 }, targetInFlight: 2, name: "stress" },
    },
  );
  for (const { parameter, value } of fits) {
    if (parameter !== "cpuSeconds") assert.equal(p[parameter], value, parameter);
    assert.ok(!kept.includes(parameter), `${parameter} is measured and kept`);
  }
});

test("what was not measured stays the simulator's own, and is named", () => {
  const { profile, fits, kept, workError } = calibrate(nothing, { facts, timeLapse: 1, cores: null });
  const { startMedianSeconds, gatewayOverheadSeconds, memoryBaseMegabytes } = PROFILES.stress.parameters;
  assert.equal(profile.parameters.startMedianSeconds, startMedianSeconds);
  assert.equal(profile.parameters.gatewayOverheadSeconds, gatewayOverheadSeconds);
  assert.equal(profile.parameters.memoryBaseMegabytes, memoryBaseMegabytes);
  assert.equal(profile.cpuSeconds, 0.1);
  assert.deepEqual(fits, []);
  assert.equal(workError, null);
  for (const name of ["startMedianSeconds", "gatewayOverheadSeconds", "nodes"]) assert.ok(kept.includes(name), name);
});

test("calls that never failed have a bound, not a certainty", () => {
  const { fits } = calibrate(
    { ...nothing, steps: [{ ...step, starts: [], failed: 0, calls: 300 }] },
    { facts, timeLapse: 1, cores: 1 },
  );
  const row = fits.find(({ parameter }) => parameter === "earlyFailureChance")!;
  assert.deepEqual([row.value, row.error, row.errorMeaning], [0, 0.01, "95 % bound"]);
});

const written = () => {
  const { profile, fits } = calibrate(measured, { facts, timeLapse: 10, cores: 2 });
  return { kind: "replicant-sim-profile", version: 1, timeLapse: 10, profile, fits };
};

test("a profile's file is read back as it was written", () => {
  const document = written();
  const { profile, timeLapse } = parseProfileDocument(JSON.stringify(document), "p.json");
  assert.deepEqual(profile, document.profile);
  assert.equal(timeLapse, 10);
});

for (const { name, change, says } of [
  { name: "no JSON", change: () => "{", says: /^p\.json: is none that 'replicant calibrate' wrote$/ },
  {
    name: "another kind",
    change: () => ({ ...written(), kind: "x" }),
    says: /is none that 'replicant calibrate' wrote/,
  },
  { name: "a later version", change: () => ({ ...written(), version: 2 }), says: /version must be 1, was: '2'/ },
  {
    name: "no parameters",
    change: () => ({ ...written(), profile: { name: "x" } }),
    says: /must be a map with a map 'parameters'/,
  },
  {
    name: "a number that is a text",
    change: () => ({ ...written(), profile: { ...written().profile, cpuSeconds: "1" } }),
    says: /p\.json: profile\.cpuSeconds must be a number of at least 0, was: '1'/,
  },
  {
    name: "a parameter that nobody knows",
    change: () => ({ ...written(), profile: { ...written().profile, parameters: { speed: 1 } } }),
    says: /p\.json: simulator: there is no parameter 'speed'/,
  },
  {
    name: "a parameter that is null, as JSON writes NaN",
    change: () => ({ ...written(), profile: { ...written().profile, parameters: { startSigma: null } } }),
    says: /profile\.parameters\.startSigma must be a number of at least 0, was: 'null'/,
  },
]) {
  test(`a profile's file: ${name}`, () => {
    const content = change();
    const text = typeof content === "string" ? content : JSON.stringify(content);
    assert.throws(
      () => parseProfileDocument(text, "p.json"),
      (thrown) => thrown instanceof BadInputError && says.test(thrown.message),
    );
  });
}
