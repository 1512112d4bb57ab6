/** Live beside simulated: the table of errors, the script both follow, and the search for the closest profile. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "#shared/core/random.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { distance, errorTable, medianRun, seedNoise, type ComparedWindow } from "#shared/sim/calibration/comparison.ts";
import { refine, simulateScript, simulateScriptOften } from "#shared/sim/calibration/refine.ts";
import { scriptedCounts } from "#shared/sim/calibration/script.ts";
import { PROFILES, simProfile } from "#shared/sim/profiles.ts";

const at = (
  throughputRps: number | null,
  p95Seconds: number | null,
  cpuRatio = 0.5,
  readyReplicas = 3,
): ComparedWindow => ({
  throughputRps,
  p95Seconds,
  cpuRatio,
  readyReplicas,
});

test("the table of errors: median per quantity, beside its goal", () => {
  const windows = [
    { index: 0, live: at(10, 1), simulated: at(10, 1.1, 0.7, 5) },
    { index: 1, live: at(10, 2), simulated: at(12, 3, 0.5, 3) },
    { index: 2, live: at(20, null), simulated: at(21, 9, 0.55, 4) },
  ];
  const rows = errorTable(windows);
  assert.deepEqual(
    rows.map(({ quantity, kind, windows: both, reached }) => ({ quantity, kind, both, reached })),
    [
      { quantity: "throughputRps", kind: "relative", both: 3, reached: true },
      { quantity: "p95Seconds", kind: "relative", both: 2, reached: false },
      { quantity: "cpuRatio", kind: "absolute", both: 3, reached: true },
      { quantity: "readyReplicas", kind: "absolute", both: 3, reached: true },
    ],
  );
  const [throughput, p95, cpu, ready] = rows.map(({ medianError }) => medianError!);
  for (const [error, want] of [
    [throughput!, 0.05],
    [p95!, 0.3],
    [cpu!, 0.05],
    [ready!, 1],
  ] as const) {
    assert.ok(Math.abs(error - want) < 1e-9, `${error} is not ${want}`);
  }
  assert.ok(Math.abs(distance(windows) - (0.5 + 1.5 + 0.5 + 1)) < 1e-9);
});

test("without a measurement there is neither an error nor a verdict", () => {
  const [row] = errorTable([{ index: 0, live: at(null, null), simulated: at(1, 1) }]);
  assert.deepEqual([row!.medianError, row!.reached, row!.windows], [null, null, 0]);
});

test("the median of several runs, window by window; what none measured stays missing", () => {
  const runs = [[at(1, null)], [at(3, null)], [at(8, null)]];
  assert.deepEqual(medianRun(runs), [at(3, null)]);
  assert.equal(seedNoise([[at(10, 1)], [at(11, 1)]])[0]!.medianError, 0.1);
});

const profile = simProfile(PROFILES.stress, {
  minReplicas: 1,
  maxReplicas: 12,
  parameters: { startMedianSeconds: 5, droppedScrapeChance: 0 },
});
const trace = {
  kind: "binned" as const,
  format: "counts-30s" as const,
  name: "test",
  binSeconds: 30,
  counts: [30, 60, 90, 45, 120, 75, 30, 90, 60, 105, 40, 80],
};
const schedule = planSchedule(trace, { seed: "paired", windowSeconds: 30, workCv: 0.3 });
const counts = scriptedCounts(schedule, profile, seededRandom("script"));

test("a script has a count for each window, within the bounds, and is the same for the same seed", () => {
  assert.equal(counts.length, 12);
  assert.ok(counts.every((count) => count >= 1 && count <= 12 && Number.isInteger(count)));
  assert.ok(new Set(counts).size > 2);
  assert.deepEqual(scriptedCounts(schedule, profile, seededRandom("script")), counts);
});

test("a simulated script follows its counts", () => {
  const instant = simProfile(profile, {
    parameters: { startMedianSeconds: 0.1, startFloorSeconds: 0, readinessPeriodSeconds: 0, endpointSeconds: 0 },
  });
  const windows = simulateScript({ schedule, counts }, instant, 1);
  assert.deepEqual(
    windows.map(({ readyReplicas }) => readyReplicas),
    counts,
  );
});

test("the search finds what the live run's calls really cost", () => {
  const truth = simProfile(profile, { cpuSeconds: profile.cpuSeconds * 1.4 });
  const run = { schedule, counts, live: simulateScriptOften({ schedule, counts }, truth) };
  const { profile: found, refinement } = refine(profile, run);
  assert.ok(refinement.after < refinement.before / 2, `${refinement.before} → ${refinement.after}`);
  // Cost and limit together make the speed; the CPU ratio tells them apart only where there is idle time.
  const load = ({ cpuSeconds, parameters: { cpuLimitCores } }: typeof found) => cpuSeconds / cpuLimitCores;
  assert.ok(Math.abs(load(found) / load(truth) - 1) < 0.15, `${load(found)} for ${load(truth)}`);
  assert.deepEqual(refine(profile, run).refinement, refinement);
});
