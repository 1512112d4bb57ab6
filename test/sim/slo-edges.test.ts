/**
 * What a real gateway's buckets make of an SLO, measured in the simulator: the table of it in services/README.md. One run sees the
 * gateway's own edges alone; the other, alike but for one edge more at the SLO, knows the truth.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { budgetUsed } from "#shared/core/budget.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { budgetOf, type Slo } from "#shared/core/slo.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";
import { GATEWAY_BOUNDS_SECONDS } from "#shared/metrics/latency.ts";
import { sloFitOf } from "#shared/metrics/late-share.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { PROFILES, type SimProfile } from "#shared/sim/profiles.ts";
import { simulate } from "#shared/sim/simulate.ts";
import { checkPageTable } from "#test/support/page-table.ts";

const SLO_SECONDS = [0.1, 0.25, 0.3, 0.5, 0.75, 1, 2, 2.5, 3, 5, 10, 15];
const HOURS = 6;
const WINDOWS_AN_HOUR = 120;

const trace = await loadTrace("traces/seed_request_count_raw_30s.json");

/** The windows of the first hours of the seed's trace, as `openfaas-pro` scales the function. */
function windowsOf(profile: SimProfile, slo: Slo, sloBucket: 0 | 1): MetricsWindow[] {
  const { rateScale, workCv } = profile;
  const schedule = planSchedule(trace, {
    ...{ seed: 1, rateScale, workCv, windowSeconds: 30 },
    durationSeconds: HOURS * 3_600,
  });
  // Scrapes that get no answer would make the two runs differ by more than the edge.
  const changes = { slo, parameters: { sloBucket, droppedScrapeChance: 0 } };
  const { windows } = simulate({ schedule, profile, seed: 1, policy: policyByName("openfaas-pro")(), changes });
  return windows.map(({ window }) => window);
}

interface Errors {
  /** Of a window's share and of an hour's, in multiples of the budget; those alone that were interpolated. */
  readonly window: readonly number[];
  readonly hour: readonly number[];
}

function errorsOf(sloSeconds: number): Errors {
  const slo = { seconds: sloSeconds, percentile: 95 } as const;
  const errors = { window: [] as number[], hour: [] as number[] };
  const note = (kind: keyof Errors, said: number | null, truth: number | null) => {
    if (said !== null && truth !== null) errors[kind].push(Math.abs(said - truth) / budgetOf(slo));
  };
  for (const profile of Object.values(PROFILES)) {
    const [said, truth] = [windowsOf(profile, slo, 0), windowsOf(profile, slo, 1)];
    assert.ok(
      truth.every(({ late }) => late.because === null || late.because === "nothing ended"),
      "with an edge at the SLO every share is exact",
    );
    said.forEach(({ late }, i) => {
      if (late.because !== null) note("window", late.share, truth[i]!.late.share);
    });
    for (let from = 0; from < said.length; from += WINDOWS_AN_HOUR) {
      const hour = (windows: readonly MetricsWindow[]) => windows.slice(from, from + WINDOWS_AN_HOUR);
      const wasInterpolated = hour(said).some(({ late }) => late.because !== null && late.share !== null);
      if (wasInterpolated) note("hour", budgetUsed(hour(said)).share, budgetUsed(hour(truth)).share);
    }
  }
  return { window: errors.window.sort((a, b) => a - b), hour: errors.hour.sort((a, b) => a - b) };
}

function rowOf(sloSeconds: number): string {
  const fit = sloFitOf(GATEWAY_BOUNDS_SECONDS, { sloSeconds, timeLapse: 1 })!;
  if (fit.kind === "exact") return `| ${sloSeconds} s | exact | 0 | 0 | 0 | 0 |`;
  if (fit.kind === "beyond") {
    return `| ${sloSeconds} s | not measured beyond ${fit.lastSeconds} s | – | – | – | – |`;
  }
  const errors = errorsOf(sloSeconds);
  const cells = [errors.hour, errors.window].flatMap((sorted) => [
    sorted[Math.floor(sorted.length / 2)]!.toFixed(1),
    sorted.at(-1)!.toFixed(1),
  ]);
  const between = `interpolated between ${fit.belowSeconds} and ${fit.aboveSeconds} s`;
  return `| ${sloSeconds} s | ${between} | ${cells.join(" | ")} |`;
}

test("services/README.md: what SLOs a gateway's own buckets can aim at (UPDATE_README=1 writes it)", () => {
  const head = [
    "| SLO | share of late requests | an hour's error: typical | worst | a window's: typical | worst |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  const lines = [...head, ...SLO_SECONDS.map(rowOf)];
  checkPageTable({ page: "services/README.md", name: "slo-edges", lines, tolerance: 0.15 });
});
