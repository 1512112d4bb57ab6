/** Calibrates a rule on training traces by a seeded search with a stated budget. */
import { seededRandom } from "../../core/random.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import { costOf } from "../cost.ts";
import { cellsOf, onTerms } from "../files/cells.ts";
import { versions } from "../files/machine.ts";
import { resolveByName } from "../files/policies.ts";
import { dataOf } from "../files/traces.ts";
import { TUNED_KIND, type TunedPolicy } from "../files/tuned-policy.ts";
import { REFERENCE_POLICY } from "../knowing.ts";
import { jobsOf } from "../matrix.ts";
import type { MatrixOptions } from "../options.ts";
import type { Pool } from "../pool/pool.ts";
import { runJobs, withPool, type EvaluationWorld, type MatrixCell } from "../pool/run-matrix.ts";
import type { Run } from "../run.ts";
import { scoreOf, type Score } from "./score.ts";
import { searchRule } from "./search.ts";
import { nameOf, tunableRule } from "./space.ts";

/** What `tune` searches on. */
export interface TuneOptions extends MatrixOptions {
  /** The rule, with what is held fixed of it. */
  readonly policy: string;
  /** Of traces; loads bring their own. */
  readonly profile: SimProfile;
  /** How many candidates are tried. */
  readonly budget: number;
  /** The cheapest candidate with at most so many late requests is taken, percent. */
  readonly maxViolationsPercent: number;
  /** Of the search. */
  readonly searchSeed: string;
}

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it. */
export async function tuneRule(options: TuneOptions, world: EvaluationWorld): Promise<TunedPolicy> {
  const { startCostSeconds, budget, guard, seeds, searchSeed, maxViolationsPercent: percent } = options;
  const rule = tunableRule(options.policy);
  if (rule.rule !== "fixed") await resolveByName(nameOf(rule, null), world.modelsFolder);
  const profile = { ...options.profile, startCostSeconds };
  const cells = onTerms(await cellsOf(options, [profile], [1]), options);

  const search = await withPool(world, { cells, guard, workers: options.workers }, async (pool) => {
    const bench = { pool, cells, seeds, world };
    const oracle = await runPolicies(bench, [REFERENCE_POLICY], "the oracle");
    const evaluatePolicies = async (policies: readonly string[]): Promise<Score[]> => {
      const runs = await runPolicies(bench, policies, `${policies.length} candidates`);
      return policies.map((_, p) => scoreOf(outcomesOf(runs[p]!, oracle[0]!, startCostSeconds), percent / 100));
    };
    return searchRule({ rule, budget, random: seededRandom(`tune/${searchSeed}`), evaluate: evaluatePolicies });
  });
  return {
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
  const jobs = jobsOf({ cells, policies, seeds }, () => "totals");
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
