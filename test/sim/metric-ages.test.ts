/**
 * What it costs that Prometheus scrapes by and by, measured in the simulator: the table of it in services/README.md. Loads of the
 * training split, their first hours; windows are as long as two scrapes at least, for a rate takes two.
 */
import { test } from "node:test";

import { MANAGED_DEFAULTS } from "#shared/core/managed-function.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { budgetOf } from "#shared/core/slo.ts";
import { costOf } from "#shared/evaluation/cost.ts";
import { initialReplicas } from "#shared/evaluation/foresight.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { loadOf } from "#shared/sim/loads/load.ts";
import { simulate } from "#shared/sim/simulate.ts";
import { checkPageTable } from "#test/support/page-table.ts";
import { loadsOfSplit, readLoadsFile } from "#shared/evaluation/loads/manifest.ts";
import { tracesFor } from "#shared/evaluation/loads/traces.ts";

const LOADS = 8;
const HOURS = 3;
const START_COST_SECONDS = 15;

const recipes = loadsOfSplit(await readLoadsFile("traces/loads.json"), "train", LOADS);
const traceOf = await tracesFor("traces", recipes);

interface Outcome {
  /** In budgets. */
  readonly late: number;
  readonly cost: number;
}

function outcomesOf(scrapeSeconds: number | null): Outcome[] {
  return recipes.map((recipe) => {
    const { trace, profile } = loadOf(recipe, traceOf);
    const { workCv, slo } = profile;
    const schedule = planSchedule(trace, { seed: 1, workCv, windowSeconds: 30, durationSeconds: HOURS * 3_600 });
    const windowSeconds = Math.max(30, 2 * (scrapeSeconds ?? 0));
    const gatewayScrapeSeconds = scrapeSeconds ?? 5;
    const containerScrapeSeconds = Math.max(15, gatewayScrapeSeconds);
    const { totals } = simulate({
      ...{ schedule, profile, seed: 1, windowSeconds, mode: scrapeSeconds === null ? "exact" : "promql" },
      policy: policyByName(MANAGED_DEFAULTS.policy)(),
      initialReplicas: initialReplicas(schedule, profile),
      changes: { parameters: { gatewayScrapeSeconds, containerScrapeSeconds, rateWindowSeconds: windowSeconds } },
    });
    return { late: totals.sloViolationShare / budgetOf(slo), cost: costOf(totals, START_COST_SECONDS)! };
  });
}

/** A load without any late request counts as a hundredth of its budget. */
const mean = (values: readonly number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(value, 0.01)), 0) / values.length);

test("services/README.md: what scrapes that come by and by cost (UPDATE_README=1 writes it)", () => {
  const direct = outcomesOf(null);
  const rows = ([null, 5, 15, 30] as const).map((scrape) => {
    const outcomes = scrape === null ? direct : outcomesOf(scrape);
    const late = mean(outcomes.map(({ late }) => late)).toFixed(2);
    const cost = mean(outcomes.map(({ cost }, i) => cost / direct[i]!.cost)).toFixed(2);
    const source = scrape === null ? "the gateway, directly" : `a Prometheus that scrapes every ${scrape} s`;
    return `| ${source} | ${Math.max(30, 2 * (scrape ?? 0))} s | ${late} | ${cost} |`;
  });
  const head = ["| metrics from | windows | late ÷ budget | cost × |", "| --- | --- | --- | --- |"];
  checkPageTable({ page: "services/README.md", name: "metric-ages", lines: [...head, ...rows], tolerance: 0.03 });
});
