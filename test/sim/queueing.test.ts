/** Facts of queueing theory that the simulated platform must show. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import type { Schedule } from "#shared/traces/schedule.ts";
import type { ParameterName } from "#shared/sim/parameters.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { neededReplicas, simProfile } from "#shared/sim/profiles.ts";

import { poissonSchedule, scheduleAt } from "#test/support/sim/schedules.ts";

/** A platform without anything but queues: no overhead, no failures, memory without end. */
const QUEUES_ONLY = {
  gatewayOverheadSeconds: 0,
  earlyFailureChance: 0,
  memoryPerCallMegabytes: 0,
  upstreamTimeoutSeconds: 1e9,
  nodeCores: 1e6,
} as const;

function run(
  schedule: Schedule,
  { cpuSeconds, replicas = 1, sleepSeconds = 0 }: { cpuSeconds: number; replicas?: number; sleepSeconds?: number },
  parameters: Partial<Record<ParameterName, number>>,
  cfsPhaseSeconds?: number,
): SimulatedPlatform {
  const profile = simProfile("stress", { cpuSeconds, sleepSeconds, parameters: { ...QUEUES_ONLY, ...parameters } });
  const start = { profile, schedule, replicas, random: seededRandom(7) };
  const platform = new SimulatedPlatform(cfsPhaseSeconds === undefined ? start : { ...start, cfsPhaseSeconds });
  platform.runUntil(schedule.durationSeconds + 1e5);
  assert.equal(platform.waiting, 0);
  return platform;
}

function assertWithin(got: number, want: number, share: number, what: string): void {
  assert.ok(Math.abs(got - want) <= share * want, `${what}: ${got}, wanted ${want} ± ${share * 100} %`);
}

const wholeCore = { cpuLimitCores: 1, cpuRequestCores: 1 };

for (const { replicas, load, cv } of [
  { replicas: 1, load: 0.5, cv: 0 },
  { replicas: 1, load: 0.8, cv: 1 },
  { replicas: 4, load: 0.7, cv: 0.3 },
  { replicas: 10, load: 0.8, cv: 2 },
]) {
  test(`sim: M/G/1-PS under random routing: T = S/(1 − ρ) for n ${replicas}, ρ ${load}, CV ${cv}`, () => {
    const serviceSeconds = 0.2;
    const schedule = poissonSchedule({ rps: (load * replicas) / serviceSeconds, calls: 1_000_000, cv });
    const { tally } = run(schedule, { cpuSeconds: serviceSeconds, replicas }, wholeCore);
    assertWithin(tally.latency.meanSeconds!, serviceSeconds / (1 - load), 0.02, "mean latency");
  });
}

test("sim: under a quota much smaller than the work, a replica is an M/G/1-PS server at the limit's speed", () => {
  const schedule = poissonSchedule({ rps: 0.12, calls: 200_000, cv: 0.3 });
  const { tally } = run(schedule, { cpuSeconds: 1 }, { cpuLimitCores: 0.2, cpuRequestCores: 0.2 });
  assertWithin(tally.latency.meanSeconds!, 5 / (1 - 0.6), 0.03, "mean latency");
});

for (const { places, erlangs } of [
  { places: 1, erlangs: 0.5 },
  { places: 4, erlangs: 3 },
  { places: 10, erlangs: 12 },
]) {
  test(`sim: Erlang-B loss with max_inflight ${places} at ${erlangs} erlangs, whatever the law of the work`, () => {
    // Each call has a core of its own, so places are servers.
    const schedule = poissonSchedule({ rps: erlangs / 0.1, calls: 500_000, cv: 1 });
    const many = { cpuLimitCores: places, cpuRequestCores: 1, threads: places, maxInflight: places };
    const { gateway } = run(schedule, { cpuSeconds: 0.1 }, many);
    let blocking = 1;
    for (let k = 1; k <= places; k++) blocking = (erlangs * blocking) / (k + erlangs * blocking);
    assertWithin(gateway.ended[1]! / schedule.work.length, blocking, 0.02, "share of 429");
  });
}

test("sim: without limits it is M/G/∞: nobody waits, and in-flight is Poisson with mean λ·S", () => {
  const schedule = poissonSchedule({ rps: 40, calls: 400_000, cv: 1 });
  const profile = simProfile("stress", {
    cpuSeconds: 0.25,
    parameters: { ...QUEUES_ONLY, cpuLimitCores: 1e4, cpuRequestCores: 1e4, threads: 1e4 },
  });
  const platform = new SimulatedPlatform({ profile, schedule, replicas: 1, random: seededRandom(3) });
  let [sum, squares, samples] = [0, 0, 0];
  for (let atSeconds = 50; atSeconds < schedule.durationSeconds; atSeconds += 1) {
    platform.runUntil(atSeconds);
    sum += platform.gateway.inFlight;
    squares += platform.gateway.inFlight ** 2;
    samples++;
  }
  assertWithin(platform.tally.latency.meanSeconds!, 0.25, 0.01, "latency");
  assertWithin(sum / samples, 10, 0.02, "mean in-flight");
  assertWithin(squares / samples - (sum / samples) ** 2, 10, 0.05, "variance of in-flight");
});

test("sim: a sleeping call costs no CPU and waits for nobody", () => {
  const schedule = poissonSchedule({ rps: 50, calls: 50_000 });
  const { tally } = run(schedule, { cpuSeconds: 1e-6, sleepSeconds: 0.4 }, wholeCore);
  assertWithin(tally.latency.meanSeconds!, 0.4, 0.001, "latency");
});

test("sim: Little's law at all times, through overload, time-outs, 429, kills and starts", () => {
  const schedule = poissonSchedule({ rps: 14, calls: 40_000, cv: 0.5 });
  const profile = simProfile("stress", {
    parameters: { upstreamTimeoutSeconds: 10, maxInflight: 20, gatewayOverheadSeconds: 0, graceSeconds: 2 },
  });
  const platform = new SimulatedPlatform({ profile, schedule, replicas: 2, random: seededRandom(5) });
  const sizes = seededRandom(6);
  for (let atSeconds = 0; atSeconds < schedule.durationSeconds + 200; atSeconds += 7) {
    if (atSeconds % 28 === 0) platform.scale(1 + sizes.integer(20));
    platform.runUntil(atSeconds);
    const endedSeconds = platform.gateway.sumSeconds.reduce((sum, seconds) => sum + seconds, 0);
    const open = platform.inFlightSeconds - endedSeconds;
    const { inFlight } = platform.gateway;
    assert.ok(open > -1e-6 && open <= inFlight * 10 + 1e-6, `∫N dt − ΣT = ${open} with ${inFlight} in flight`);
  }
  assert.equal(platform.waiting, 0);
  const { tally, gateway } = platform;
  assert.equal(tally.ok + tally.failed, schedule.work.length);
  assert.equal(gateway.started, gateway.endedAll);
  for (const code of [0, 1, 3]) assert.ok(gateway.ended[code]! > 0, `code ${code} occurred`);
});

const CFS_TABLE = [
  { cpuMs: 5, wall: [5, 5, 5, 5] },
  { cpuMs: 10, wall: [10, 10, 10, 10] },
  { cpuMs: 11, wall: [101, 11, 11, 11] },
  { cpuMs: 60, wall: [510, 210, 110, 60] },
  { cpuMs: 300, wall: [2910, 1125, 550, 300] },
];
for (const { cpuMs, wall } of CFS_TABLE) {
  test(`sim: a lone call of ${cpuMs} ms CPU takes ${wall.join(", ")} ms at 100 m, 250 m, 500 m, 1000 m`, () => {
    [0.1, 0.25, 0.5, 1].forEach((cpuLimitCores, i) => {
      const limits = { cpuLimitCores, cpuRequestCores: cpuLimitCores };
      // The second call comes 3 s later, again at a period's start: it finds a fresh quota.
      const { tally } = run(scheduleAt([0, 3]), { cpuSeconds: cpuMs / 1000 }, limits, 0);
      assert.ok(Math.abs(tally.latency.meanSeconds! * 1000 - wall[i]!) < 1e-6, `${tally.latency.meanSeconds! * 1000}`);
    });
  });
}

test("sim: a call that begins late in a period soon gets the next quota; one that follows another finds less", () => {
  const limits = { cpuLimitCores: 0.1, cpuRequestCores: 0.1 };
  const alone = (atSeconds: number) =>
    run(scheduleAt([atSeconds]), { cpuSeconds: 0.011 }, limits, 0).tally.latency.maxSeconds;
  // 5 ms are left of the period: 5 ms burnt, then 6 of the next.
  assert.ok(Math.abs(alone(0.095) - 0.011) < 1e-9);
  assert.ok(Math.abs(alone(0.05) - 0.051) < 1e-9);
  const two = run(scheduleAt([0, 0.02]), { cpuSeconds: 0.008 }, limits, 0).tally.latency;
  // The first takes 8 of 10 ms; the second gets 2, and 6 in the next period: it ends at 106 ms.
  assert.ok(Math.abs(two.maxSeconds - 0.086) < 1e-9, `${two.maxSeconds}`);
});

test("sim: several threads spend the quota sooner", () => {
  const limits = { cpuLimitCores: 0.5, cpuRequestCores: 0.5, threads: 4 };
  // Four calls of 20 ms burn 50 ms of quota in 12.5 ms, wait for 100 ms, and need 7.5 ms more.
  const { tally } = run(scheduleAt([0, 0, 0, 0]), { cpuSeconds: 0.02 }, limits, 0);
  assert.ok(Math.abs(tally.latency.maxSeconds - 0.1075) < 1e-9, `${tally.latency.maxSeconds}`);
});

test("sim: replicas that burst beyond their requests share a crowded node", () => {
  // Four replicas of one core each on a node of two: work of 10 s each takes 20 s, once the node has noticed.
  const crowded = { cpuLimitCores: 1, cpuRequestCores: 0.5, nodes: 1, nodeCores: 2 };
  const instants = Array.from({ length: 4000 }, (_, i) => i / 1e6);
  const { tally } = run(scheduleAt(instants), { cpuSeconds: 0.01, replicas: 4 }, crowded);
  assertWithin(tally.latency.maxSeconds, 20, 0.08, "makespan");
});

for (const { profile, rps, want } of [
  { profile: "stress", rps: 3.1, want: 5 },
  { profile: "stress", rps: 9.3, want: 14 },
  { profile: "stress", rps: 0, want: 1 },
  { profile: "stress", rps: 0.7, want: 1 },
  { profile: "api", rps: 125, want: 4 },
  { profile: "heavy", rps: 1.3, want: 4 },
  { profile: "io", rps: 18.6, want: 3 },
]) {
  test(`sim: ${rps} rps of ${profile} need ${want} replicas`, () => {
    assert.equal(neededReplicas(simProfile(profile), rps), want);
  });
}

test("sim: with the needed replicas latency is near its least; with half of them calls pile up", () => {
  const schedule = poissonSchedule({ rps: 6, calls: 5_000, cv: 0.3 });
  const profile = simProfile("stress");
  const meanWith = (replicas: number) => {
    const platform = new SimulatedPlatform({ profile, schedule, replicas, random: seededRandom(1) });
    platform.runUntil(schedule.durationSeconds + 300);
    return platform;
  };
  const n = neededReplicas(profile, 6);
  assert.equal(n, 9);
  assert.equal(meanWith(n).tally.failed, 0);
  assert.ok(meanWith(n).tally.latency.meanSeconds! < 3.5);
  assert.ok(meanWith(Math.floor(n / 2)).tally.failed > 1000);
});
