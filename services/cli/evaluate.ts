/** `replicant evaluate`: policies × (traces × profiles × rate scales, or loads) × seeds, simulated or live, side by side. */
import { systemClock } from "#shared/adapters/system-clock.ts";
import { planJobs, type Matrix } from "#shared/evaluation/matrix.ts";
import { belowBounds } from "#shared/evaluation/results/below-bounds.ts";
import { cellsOf, onTerms } from "#shared/evaluation/files/cells.ts";
import { csvOf } from "#shared/evaluation/results/csv.ts";
import { machine, versions } from "#shared/evaluation/files/machine.ts";
import { readMatrixFlags, type EvaluateFlags } from "#shared/evaluation/options.ts";
import { overlapWarnings, readPolicies } from "#shared/evaluation/files/policies.ts";
import { readProfiles } from "#shared/evaluation/files/profiles.ts";
import { reportOf } from "#shared/evaluation/results/report/report.ts";
import { checkResultFolder, writeResultFolder } from "#shared/evaluation/results/result-folder.ts";
import { resultOf } from "#shared/evaluation/results/result.ts";
import { runJobs, withPool, type EvaluationWorld } from "#shared/evaluation/pool/run-matrix.ts";
import { infeasibleLines, summaryLines } from "#shared/evaluation/results/summary-table.ts";
import { tableOf } from "#shared/evaluation/results/table.ts";
import { readFlags } from "#shared/config/flags.ts";

const ENVIRONMENTS = ["sim", "live"] as const;

const DEFAULT_RATE_SCALES = [1, 4, 10];
const DEFAULT_SEEDS = 5;

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it; nothing is written then. */
export async function evaluate(flags: EvaluateFlags, world: EvaluationWorld): Promise<void> {
  const read = readFlags();
  if (read.choice("env", flags.env, ENVIRONMENTS, "sim") === "live") {
    const { evaluateLive } = await import("#shared/live/evaluation/live.ts");
    return evaluateLive(flags, world);
  }
  for (const [name, given] of Object.entries(liveOnly(flags))) {
    if (given !== undefined) read.problem(`--${name} belongs to --env live`);
  }
  const options = readMatrixFlags(flags, read, DEFAULT_SEEDS);
  if (options.loads !== null && flags.profiles !== undefined) {
    read.problem("--loads and --profiles exclude each other: a load brings its function");
  }
  const profiles = await readProfiles(flags.profiles, read);
  if (flags.policies === undefined) read.problem("--policies is missing: for example hpa,kpa,openfaas-pro,oracle");
  read.done();
  const policies = await readPolicies(flags.policies!, world.modelsFolder);
  if (options.out !== null) await checkResultFolder(options.out);

  const cells = onTerms(await cellsOf(options, profiles, DEFAULT_RATE_SCALES), options);
  const warnings = overlapWarnings(policies, [...new Set(cells.map(({ trace }) => trace))]);
  for (const warning of warnings) world.say(`warning: ${warning}`);

  const matrix: Matrix = {
    cells: cells.map(({ trace, profile, rateScale }) => ({
      ...{ trace: trace.name, profile: profile.name, rateScale },
      ...{ slo: profile.slo, startCostSeconds: options.startCostSeconds },
    })),
    policies: policies.map(({ name }) => name),
    seeds: options.seeds,
  };
  const jobs = planJobs(matrix);
  const workers = Math.min(options.workers, jobs.length);
  world.say(
    `${jobs.length} runs on ${workers} ${workers === 1 ? "worker" : "workers"}, those of the oracle and of foresight included`,
  );
  const startMs = systemClock.nowMs();
  const runs = await withPool(world, { cells, guard: options.guard, workers }, (pool) =>
    runJobs(pool, { cells, jobs, what: "evaluating" }, world.progress),
  );
  const made = {
    at: new Date(startMs).toISOString(),
    tookSeconds: (systemClock.nowMs() - startMs) / 1000,
    workers,
    command: world.command,
  };
  const parts = { cells, matrix, jobs, runs, policies, guard: options.guard, warnings, made };
  const result = resultOf({ ...parts, versions: versions(), machine: machine() });
  const json = JSON.stringify(result);
  if (options.out !== null) {
    await writeResultFolder(options.out, {
      "results.json": `${json}\n`,
      "results.csv": csvOf(result),
      "report.html": await reportOf(result, jobs, runs, world.reportAssets),
    });
  }
  if (options.json) world.answer(json);
  else {
    for (const line of [...tableOf(result), ...summaryLines(result), ...infeasibleLines(result.cells)]) world.say(line);
    if (options.out !== null) world.say(`${options.out}: results.json, results.csv, report.html`);
  }
  const wrong = belowBounds(result);
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

function liveOnly({ function: functionName, fromWindow, windows, settleWindows }: EvaluateFlags) {
  return { function: functionName, "from-window": fromWindow, windows, "settle-windows": settleWindows };
}
