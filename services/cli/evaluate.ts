/** `replicant evaluate`: policies side by side, simulated or live. */
import { readFlags } from "#shared/config/flags.ts";
import { evaluateMatrix } from "#shared/evaluation/evaluate.ts";
import { readPolicies } from "#shared/evaluation/files/policies.ts";
import { readProfiles } from "#shared/evaluation/files/profiles.ts";
import { loadNamedTraces } from "#shared/evaluation/files/traces.ts";
import { scaledTraces } from "#shared/evaluation/options.ts";
import { belowBounds } from "#shared/evaluation/results/below-bounds.ts";
import { csvOf } from "#shared/evaluation/results/csv.ts";
import { reportOf } from "#shared/evaluation/results/report/report.ts";
import { checkResultFolder, writeResultFolder } from "#shared/evaluation/results/result-folder.ts";
import { infeasibleLines, summaryLines } from "#shared/evaluation/results/summary-table.ts";
import { decisionLines, tableOf } from "#shared/evaluation/results/table.ts";
import { DEMO } from "#shared/live/run/options.ts";
import { command, type FlagsOf, type World } from "./command.ts";
import { MATRIX_OPTIONS, readMatrixFlags } from "./matrix-flags.ts";

const OPTIONS = {
  ...MATRIX_OPTIONS,
  "--policies <a,b,…>":
    "hpa,kpa,kpa@30s,openfaas-pro,oracle,foresight, …, a model or a checkpoint's folder, @FILE that tune wrote; …@bare without guard, …@stabilised=30 behind another; a model …@held by ticks, or …@sampled: it draws",
  "--profiles <a,b,…>": "the functions: stress (default), api, io, heavy, @FILE that calibrate wrote",
  "--env <sim|live>": "live: on the platform that 'up' runs from this home, one replay after the other",
  "--function <name>": "live: the function (default: the first that is managed)",
  "--from-window <n>": "live: skip so many windows of each trace",
  "--windows <n>": "live: windows of each replay (default 62, as the demo)",
  "--settle-windows <n>": "live: windows without load before each replay (default 8)",
  "--out <folder>": "write results.json, results.csv and (simulated) report.html here",
  "--json": "print results.json, and nothing else, on stdout",
} as const;

/** The flags of `evaluate`. */
export type EvaluateFlags = FlagsOf<typeof OPTIONS>;

export default command({
  name: "evaluate",
  description: "policies side by side: table, Pareto plot, report",
  options: OPTIONS,
  run: evaluate,
});

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it; nothing is written then. */
export async function evaluate(flags: EvaluateFlags, world: World): Promise<void> {
  const env = readFlags();
  const isLive = env.choice("env", flags.env, ["sim", "live"], "sim") === "live";
  env.done();
  return isLive ? evaluateLive(flags, world) : evaluateSimulated(flags, world);
}

async function evaluateSimulated(flags: EvaluateFlags, world: World): Promise<void> {
  const read = readFlags();
  const { function: functionName, fromWindow, windows, settleWindows, out } = flags;
  read.refuse({ function: functionName, fromWindow, windows, settleWindows }, "belongs to --env live");
  const options = readMatrixFlags(flags, read, 5);
  if (options.loads !== null && flags.profiles !== undefined) {
    read.problem("--loads and --profiles exclude each other: a load brings its function");
  }
  const profiles = await readProfiles(flags.profiles, read);
  if (flags.policies === undefined) read.problem("--policies is missing: for example hpa,kpa,openfaas-pro,oracle");
  read.done();
  const policies = await readPolicies(flags.policies!, world.modelsFolder);
  if (out !== undefined) await checkResultFolder(out);

  const { result, jobs, runs } = await evaluateMatrix({ ...options, profiles, policies }, world);
  const json = JSON.stringify(result);
  if (out !== undefined) {
    const report = await reportOf(result, jobs, runs, world.reportAssets);
    await writeResultFolder(out, { "results.json": `${json}\n`, "results.csv": csvOf(result), "report.html": report });
  }
  if (flags.json) world.answer(json);
  else {
    for (const line of [...tableOf(result), ...summaryLines(result), ...infeasibleLines(result.cells)]) world.say(line);
    if (out !== undefined) world.say(`${out}: results.json, results.csv, report.html`);
  }
  const wrong = belowBounds(result);
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

/** Without traces it is the demo's load. */
async function evaluateLive(flags: EvaluateFlags, world: World): Promise<void> {
  // What works on a platform is large, and a simulation has no use for it.
  const live = await import("#shared/live/evaluation/live.ts");
  const read = readFlags();
  const { loads, limit, profiles, guard, workers, startCost, out, ...replayed } = flags;
  const isDemo = flags.traces === undefined && flags.split === undefined;
  const matrix = readMatrixFlags(isDemo ? { ...replayed, traces: DEMO.trace } : replayed, read, 1);
  const simulated = { loads, limit, profiles, guard, workers, startCost };
  read.refuse(simulated, "belongs to the simulator, and --env is live");
  if (flags.policies === undefined) read.problem("--policies is missing: for example hpa,openfaas-pro");
  const count = { least: 0, most: 10_000_000, whole: true };
  const windows = {
    fromWindow: read.number("from-window", flags.fromWindow, isDemo ? DEMO.fromWindow : 0, count),
    windows: read.number("windows", flags.windows, DEMO.windows, { ...count, least: 1, most: 100_000 }),
    settleWindows: read.number("settle-windows", flags.settleWindows, live.DEFAULT_SETTLE_WINDOWS, {
      ...{ ...count, most: 20 },
    }),
  };
  read.done();
  const policies = await readPolicies(flags.policies!, world.modelsFolder);
  const scaled = await scaledTraces(matrix, [isDemo ? DEMO.rateScale : 1]);
  const names = scaled.map(({ trace }) => trace);
  const traces = await loadNamedTraces(names, matrix.format);
  const cells = traces.flatMap((trace, i) => scaled[i]!.rateScales.map((rateScale) => ({ trace, rateScale })));
  if (out !== undefined) await checkResultFolder(out);

  const options = { ...windows, cells, policies, seeds: matrix.seeds, functionName: flags.function ?? null };
  const result = await live.evaluateLive(options, world);
  const json = JSON.stringify(result);
  if (out !== undefined) await writeResultFolder(out, { "results.json": `${json}\n`, "results.csv": csvOf(result) });
  if (flags.json) return world.answer(json);
  for (const line of [...tableOf(result), "", ...decisionLines(result.rows)]) world.say(line);
  if (out !== undefined) world.say(`${out}: results.json, results.csv`);
}
