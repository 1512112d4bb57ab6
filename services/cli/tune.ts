/** `replicant tune`: calibrates a rule on training traces by a seeded search with a stated budget. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { budgetOf } from "#shared/core/slo.ts";
import { costOf } from "#shared/evaluation/cost.ts";
import { REFERENCE_POLICY } from "#shared/evaluation/knowing.ts";
import type { RunJob } from "#shared/evaluation/matrix.ts";
import type { Run } from "#shared/evaluation/run.ts";
import { scoreOf, type Score } from "#shared/evaluation/tune/score.ts";
import { searchRule, type Search } from "#shared/evaluation/tune/search.ts";
import { nameOf, tunableRule } from "#shared/evaluation/tune/space.ts";
import { cellsOf, onTerms } from "#shared/evaluation/files/cells.ts";
import { versions } from "#shared/evaluation/files/machine.ts";
import { readMatrixFlags, type MatrixFlags } from "#shared/evaluation/options.ts";
import { resolveByName } from "#shared/evaluation/files/policies.ts";
import { readProfile } from "#shared/evaluation/files/profiles.ts";
import type { Pool } from "#shared/evaluation/pool/pool.ts";
import { runJobs, withPool, type EvaluationWorld, type MatrixCell } from "#shared/evaluation/pool/run-matrix.ts";
import { dataOf } from "#shared/evaluation/files/traces.ts";
import { TUNED_KIND, type TunedPolicy } from "#shared/evaluation/files/tuned-policy.ts";
import { readFlags } from "#shared/config/flags.ts";

export interface TuneFlags extends MatrixFlags {
  readonly policy?: string;
  readonly profile?: string;
  readonly budget?: string;
  readonly maxViolations?: string;
  readonly searchSeed?: string;
}

const DEFAULT_BUDGET = 32;
const DEFAULT_SEEDS = 2;

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it; nothing is written then. */
export async function tune(flags: TuneFlags, world: EvaluationWorld): Promise<void> {
  const read = readFlags();
  const options = readMatrixFlags(flags, read, DEFAULT_SEEDS);
  if (options.loads !== null && flags.profile !== undefined) {
    read.problem("--loads and --profile exclude each other: a load brings its function");
  }
  const { startCostSeconds } = options;
  const profile = { ...(await readProfile(flags.profile, read)), startCostSeconds };
  const slo = { ...profile.slo, percentile: options.percentile ?? profile.slo.percentile };
  const budget = read.number("budget", flags.budget, DEFAULT_BUDGET, { least: 1, most: 100_000, whole: true });
  const percents = { least: 0, most: 100 };
  const percent = read.number("max-violations", flags.maxViolations, budgetOf(slo) * 100, percents);
  if (flags.policy === undefined) read.problem("--policy is missing: for example hpa");
  read.done();
  const rule = tunableRule(flags.policy!);
  if (rule.rule !== "fixed") await resolveByName(nameOf(rule, null), world.modelsFolder);
  if (options.out !== null) await checkTunedFile(options.out);

  const cells = onTerms(await cellsOf(options, [profile], [1]), options);
  const { guard, seeds } = options;
  const maxViolationShare = percent / 100;
  const searchSeed = flags.searchSeed ?? "1";

  const search = await withPool(world, { cells, guard, workers: options.workers }, async (pool) => {
    const bench = { pool, cells, seeds, world };
    const oracle = await runPolicies(bench, [REFERENCE_POLICY], "the oracle");
    const evaluatePolicies = async (policies: readonly string[]): Promise<Score[]> => {
      const runs = await runPolicies(bench, policies, `${policies.length} candidates`);
      return policies.map((_, p) => scoreOf(outcomesOf(runs[p]!, oracle[0]!, startCostSeconds), maxViolationShare));
    };
    return searchRule({ rule, budget, random: seededRandom(`tune/${searchSeed}`), evaluate: evaluatePolicies });
  });

  const tuned: TunedPolicy = {
    kind: TUNED_KIND,
    version: 1,
    policy: search.best.policy,
    score: search.best.score,
    goal: `least mean cost ÷ oracle's (a start: ${startCostSeconds} replica-seconds) with at most ${percent} % late on average over traces and seeds`,
    budget,
    profile: options.loads === null ? profile.name : "each load's own",
    guard,
    seed: searchSeed,
    seeds,
    traces: dataOfCells(cells),
    candidates: search.candidates,
    command: world.command,
    replicantVersion: versions().replicant,
  };
  const json = `${JSON.stringify(tuned, null, 2)}\n`;
  if (options.out !== null) await writeWhole(options.out, json);
  if (options.json) return world.answer(JSON.stringify(tuned));
  for (const line of linesOf(search, percent)) world.say(line);
  world.say(
    options.out === null
      ? "--out FILE writes this for 'evaluate --policies @FILE'"
      : `${options.out}: use it as 'evaluate --policies @${options.out}'`,
  );
}

/** A function of Azure's is in many loads, and is named once. */
function dataOfCells(cells: readonly MatrixCell[]): TunedPolicy["traces"] {
  const all = cells.flatMap(({ trace, rateScale }) => dataOf(trace).map((data) => ({ ...data, rateScale })));
  return [...new Map(all.map((data) => [JSON.stringify(data), data])).values()];
}

interface Bench {
  readonly pool: Pool;
  readonly cells: readonly MatrixCell[];
  readonly seeds: readonly number[];
  readonly world: EvaluationWorld;
}

/** For each policy its runs, cell by cell and seed by seed. */
async function runPolicies(
  { pool, cells, seeds, world }: Bench,
  policies: readonly string[],
  what: string,
): Promise<Run[][]> {
  // Neighbours share their schedule.
  const jobs: RunJob[] = cells.flatMap((_, cell) =>
    seeds.flatMap((seed) => policies.map((policy) => ({ cell, policy, seed, detail: "totals" as const }))),
  );
  const runs = await runJobs(pool, { cells, jobs, what: `tuning: ${what}` }, world.progress);
  return policies.map((_, p) => runs.filter((_, i) => i % policies.length === p));
}

function outcomesOf(runs: readonly Run[], oracle: readonly Run[], startCostSeconds: number) {
  return runs.map(({ totals }, i) => ({
    sloViolationShare: totals.sloViolationShare,
    cost: costOf(totals, startCostSeconds)!,
    oracleCost: costOf(oracle[i]!.totals, startCostSeconds)!,
  }));
}

function linesOf({ best, candidates }: Search, percent: number): string[] {
  const line = ({ policy, score }: Search["best"]) =>
    `${(score.sloViolationShare * 100).toFixed(2).padStart(6)} % late, ${score.oracleMultiple.toFixed(3)} × oracle  ${policy}`;
  const first = candidates[0]!;
  return [
    `tried ${candidates.length} candidates; at most ${percent} % late wanted`,
    `first ${line(first)}`,
    `best  ${line(best)}`,
    ...(best.score.isFeasible
      ? []
      : [`no candidate stays below ${percent} %: this is the one with the fewest late calls`]),
  ];
}

/** Only what `tune` wrote may be written over. */
async function checkTunedFile(file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new BadInputError(`--out ${file}: cannot be written over (${messageOf(thrown)})`);
  });
  if (text !== null && !text.includes(`"${TUNED_KIND}"`)) {
    throw new BadInputError(`--out ${file}: is no earlier result of tune, so it is left alone`);
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    await writeFile(aside, text, { flag: "wx" });
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}
