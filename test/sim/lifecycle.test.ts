/** Replicas from birth to end, and what callers feel of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { Schedule } from "#shared/traces/schedule.ts";
import { PARAMETERS, randomised, simParameters, TABLE_RANGES, type ParameterName } from "#shared/sim/parameters.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { PROFILES, simProfile, type ProfileChanges } from "#shared/sim/profiles.ts";

import { liveBytes } from "#test/support/live-bytes.ts";
import { poissonSchedule, scheduleAt } from "#test/support/sim/schedules.ts";

/** A start takes exactly 3 s, a scale call 0.2 s; nothing fails by chance. */
const EXACT = {
  startMedianSeconds: 3,
  startSigma: 0,
  startSlowdownRatio: 0,
  readinessPeriodSeconds: 0,
  endpointSeconds: 0,
  scaleCallMinSeconds: 0.2,
  scaleCallMaxSeconds: 0.2,
  earlyFailureChance: 0,
  gatewayOverheadSeconds: 0,
} as const;

function platformOf(
  parameters: Partial<Record<ParameterName, number>>,
  {
    replicas = 1,
    schedule = scheduleAt([]),
    ...changes
  }: { replicas?: number; schedule?: Schedule } & ProfileChanges = {},
): SimulatedPlatform {
  const profile = simProfile("stress", { ...changes, parameters: { ...EXACT, ...parameters } });
  return new SimulatedPlatform({ profile, schedule, replicas, random: seededRandom(1) });
}
const counts = ({ desired, available, pending }: SimulatedPlatform) => [desired, available, pending];

test("replicas: desired at once, ready after the scale call and the start", () => {
  const platform = platformOf({});
  assert.equal(platform.scale(4), 4);
  assert.deepEqual(counts(platform), [4, 1, 0]);
  platform.runUntil(1);
  assert.deepEqual(counts(platform), [4, 1, 3]);
  platform.runUntil(3.19);
  assert.deepEqual(counts(platform), [4, 1, 3]);
  platform.runUntil(3.21);
  assert.deepEqual(counts(platform), [4, 4, 0]);
  assert.equal(platform.tally.replicaStarts, 3);
});

test("replicas: starts have the median and spread of the table, and slow each other down", () => {
  const readyAt = (parameters: Partial<Record<ParameterName, number>>, n: number) => {
    const platform = platformOf(
      { startFloorSeconds: 0, startMedianSeconds: 2.5, nodeCores: 1e6, nodes: 1, ...parameters },
      { replicas: 0 },
    );
    platform.scale(n);
    const instants: number[] = [];
    for (let at = 0.2; instants.length < n; at += 0.02) {
      platform.runUntil(at);
      while (instants.length < platform.available) instants.push(at - 0.2);
    }
    return instants;
  };
  const spread = readyAt({ startSigma: 0.35 }, 2001);
  assert.ok(Math.abs(spread[1000]! - 2.5) < 0.1, `median ${spread[1000]}`);
  assert.ok(Math.abs(Math.log(spread[1682]! / spread[1000]!) - 0.35) < 0.03);
  const slowed = readyAt({ startSlowdownRatio: 0.1 }, 5);
  assert.ok(Math.abs(slowed[4]! - 2.5 * 1.4) < 0.05, `the fifth at ${slowed[4]}`);
});

test("replicas: what does not fit on the nodes is pending until there is room", () => {
  const platform = platformOf({ nodes: 2, nodeCores: 0.35 });
  platform.scale(10);
  platform.runUntil(10);
  assert.deepEqual(counts(platform), [10, 6, 4]);
  platform.scale(3);
  platform.runUntil(11);
  assert.deepEqual(counts(platform), [3, 3, 0]);
});

test("replicas: those not ready leave first, then the newest", () => {
  const platform = platformOf({}, { replicas: 3 });
  platform.scale(5);
  platform.runUntil(1);
  platform.scale(3);
  platform.runUntil(2);
  assert.deepEqual(counts(platform), [3, 3, 0]);
  platform.scale(1);
  platform.runUntil(3);
  assert.deepEqual(
    platform.deployment.replicas.all.map(({ name }) => name),
    ["stress-0"],
  );
});

test("replicas: a leaving one ends its calls within the grace, and fails those that last longer", () => {
  const outcome = (graceSeconds: number) => {
    const calls = scheduleAt(Array.from({ length: 40 }, (_, i) => i / 1000));
    const platform = platformOf({ graceSeconds }, { replicas: 2, schedule: calls });
    platform.runUntil(1);
    platform.scale(1);
    platform.runUntil(1.3);
    assert.equal(platform.available, 1);
    assert.ok(platform.deployment.replicas.all.length === 2, "it drains");
    platform.runUntil(100);
    return [platform.tally.ok + platform.tally.failed, platform.tally.failed > 0];
  };
  assert.deepEqual(outcome(60), [40, false]);
  assert.deepEqual(outcome(2), [40, true]);
});

test("replicas: out of memory: its calls fail, and it comes back after 10 s, then 20 s", () => {
  const burst = (at: number) => Array.from({ length: 12 }, (_, i) => at + i / 1000);
  const platform = platformOf(
    { memoryBaseMegabytes: 30, memoryPerCallMegabytes: 10, memoryLimitMegabytes: 100 },
    { schedule: scheduleAt([...burst(0), ...burst(20)]) },
  );
  platform.runUntil(1);
  assert.equal(platform.tally.outOfMemory, 1);
  assert.deepEqual([platform.available, platform.tally.failed], [0, 12]);
  platform.runUntil(13.1);
  assert.equal(platform.available, 1);
  platform.runUntil(42.9);
  assert.deepEqual([platform.available, platform.tally.outOfMemory], [0, 2]);
  platform.runUntil(43.2);
  assert.equal(platform.available, 1);
});

test("calls: without a ready replica they fail at once; with a minimum of zero they are held", () => {
  const schedule = scheduleAt([1, 1.5]);
  const failing = platformOf({}, { replicas: 0, schedule });
  failing.runUntil(10);
  assert.deepEqual(failing.tally.failedByClass, { "502": 2 });
  const held = platformOf({}, { replicas: 0, minReplicas: 0, schedule });
  held.runUntil(2);
  assert.deepEqual([held.desired, held.waiting, held.gateway.started], [1, 2, 0]);
  held.runUntil(10);
  assert.deepEqual([held.tally.ok, held.tally.coldStarts, held.tally.failed], [2, 2, 0]);
  // 0.2 s call + 3 s start, seen at the next poll, then the work itself.
  assert.ok(
    held.tally.latency.maxSeconds > 3.2 && held.tally.latency.maxSeconds < 5.5,
    `${held.tally.latency.maxSeconds}`,
  );
  assert.ok(held.gateway.sumSeconds[0]! < 4.2, "the gateway's timer does not see the hold");
});

test("calls: held in vain, they fail when the gateway has polled long enough", () => {
  const platform = platformOf(
    { startMedianSeconds: 1e6, scaleFromZeroPolls: 50 },
    { replicas: 0, minReplicas: 0, schedule: scheduleAt([1]) },
  );
  platform.runUntil(5.9);
  assert.equal(platform.tally.failed, 0);
  platform.runUntil(6.2);
  assert.deepEqual([platform.tally.failedByClass, platform.gateway.started], [{ "5xx": 1 }, 0]);
});

for (const { name, parameters, want } of [
  { name: "the watchdog's 504", parameters: { execTimeoutSeconds: 4, upstreamTimeoutSeconds: 60 }, want: "504" },
  { name: "the gateway's 502", parameters: { upstreamTimeoutSeconds: 4 }, want: "502" },
] as const) {
  test(`calls: ${name} comes after its time, and the abandoned work goes on`, () => {
    const platform = platformOf(parameters, { schedule: scheduleAt([0, 5]), cpuSeconds: 1 });
    platform.runUntil(4.1);
    assert.deepEqual(platform.tally.failedByClass, { [want]: 1 });
    assert.equal(platform.waiting, 0);
    platform.runUntil(9.5);
    // The second shares the replica with the abandoned first, which needs 10 s alone: it times out, too.
    assert.equal(platform.tally.failed, 2);
    platform.runUntil(60);
    assert.ok(Math.abs(platform.cpu.usedSeconds(0, 60) - 2) < 1e-9, "both were computed in the end");
  });
}

test("calls: a replica's first second may answer 502", () => {
  const schedule = scheduleAt(Array.from({ length: 3000 }, (_, i) => 3 + i / 1000));
  const platform = platformOf({ earlyFailureChance: 0.1, memoryPerCallMegabytes: 0 }, { schedule, cpuSeconds: 1e-5 });
  platform.scale(2);
  platform.runUntil(30);
  // Half of the calls of the second from 3.2 s on go to the new one.
  assert.ok(platform.tally.failed > 25 && platform.tally.failed < 80, `${platform.tally.failed}`);
});

test("platform: a cap is read back, and replica-seconds cost starts, not waiting for room", () => {
  const platform = platformOf({ replicaCap: 5, replicaFloor: 1, nodes: 1, nodeCores: 0.4 });
  assert.equal(platform.scale(9), 5);
  assert.equal(platform.scale(0), 1);
  assert.equal(platform.scale(5), 5);
  platform.runUntil(10.2);
  assert.ok(Math.abs(platform.replicaSeconds - (10.2 + 3 * 10)) < 1e-9, `${platform.replicaSeconds}`);
});

test("platform: same seed, same life; another seed, another", () => {
  const life = (seed: number) => {
    const schedule = poissonSchedule({ rps: 8, calls: 5000, cv: 0.3 });
    const platform = new SimulatedPlatform({
      profile: simProfile("stress"),
      schedule,
      replicas: 3,
      random: seededRandom(seed),
    });
    const seen: number[] = [];
    for (let at = 0; at < schedule.durationSeconds; at += 10) {
      platform.scale(3 + (at % 70) / 10);
      platform.runUntil(at);
      seen.push(platform.gateway.inFlight, platform.tally.latency.sumSeconds, platform.replicaSeconds);
    }
    return seen;
  };
  assert.deepEqual(life(1), life(1));
  assert.notDeepEqual(life(1), life(2));
});

test("platform: memory stays flat over a million calls", () => {
  const schedule = poissonSchedule({ rps: 200, calls: 1_000_000, cv: 0.3 });
  const profile = simProfile("api");
  const platform = new SimulatedPlatform({ profile, schedule, replicas: 8, random: seededRandom(1) });
  platform.runUntil(schedule.durationSeconds * 0.2);
  const before = liveBytes();
  platform.runUntil(schedule.durationSeconds + 100);
  const grown = liveBytes() - before;
  // 800,000 calls; one double for each would be 6.4 MB.
  assert.ok(grown < 2e6, `grown by ${grown} bytes`);
  assert.equal(platform.tally.ok + platform.tally.failed, 1_000_000);
});

test("parameters: every range holds values that the table allows, and most defaults", () => {
  for (let seed = 0; seed < 200; seed++) randomised(simParameters(), seededRandom(seed));
  for (const [name, range] of Object.entries(TABLE_RANGES)) {
    const { value } = PARAMETERS[name as ParameterName];
    assert.ok(range[0] < range[1], name);
    // A default at the edge is a mechanism that is off by default.
    assert.ok(
      name === "imagePullChance" || (value >= range[0] && value <= range[1]),
      `${name}: ${value} in ${range.join("…")}`,
    );
  }
});

test("parameters: drawn values fill their range; what is not named stays; each has its own stream", () => {
  const draws = Array.from({ length: 500 }, (_, seed) =>
    randomised(simParameters(), seededRandom(seed), { nodes: [1, 6], startMedianSeconds: [1.2, 8] }),
  );
  assert.deepEqual([...new Set(draws.map(({ nodes }) => nodes))].sort(), [1, 2, 3, 4, 5, 6]);
  assert.ok(draws.every(({ graceSeconds }) => graceSeconds === 30));
  const logs = draws.map(({ startMedianSeconds }) => Math.log(startMedianSeconds / 1.2) / Math.log(8 / 1.2));
  assert.ok(Math.abs(logs.reduce((a, b) => a + b) / 500 - 0.5) < 0.05);
  const alone = randomised(simParameters(), seededRandom(3), { nodes: [1, 6] });
  assert.equal(alone.nodes, draws[3]!.nodes);
});

test("parameters: a wrong one is refused by name", () => {
  const refused = (act: () => unknown, want: RegExp) =>
    assert.throws(act, (thrown) => thrown instanceof BadInputError && want.test(thrown.message));
  refused(() => simParameters({ cpuLimit: 1 } as never), /no parameter 'cpuLimit'/);
  refused(() => simParameters({ graceSeconds: -1 }), /graceSeconds must be a number of at least 0, was: '-1'/);
  refused(() => simParameters({ nodes: 0 }), /nodes must be more than 0/);
  refused(() => simProfile("turbo"), /one of stress, api, io, heavy, was: 'turbo'/);
  assert.equal(Object.keys(PROFILES).length, 4);
});
