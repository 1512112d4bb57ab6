/** Runs become the result table: one row per policy and cell, means and intervals over seeds. */
import type { DecisionTrigger } from "../core/decision.ts";
import { seededRandom } from "../core/random.ts";
import { budgetOf } from "../core/slo.ts";
import type { SimTotals } from "../sim/simulate.ts";
import { bootstrapMean, meanOf, type Interval } from "./bootstrap.ts";
import { costOf } from "./cost.ts";
import { FORESIGHT_POLICY, isBoundName, REFERENCE_POLICY } from "./knowing.ts";
import type { CellName, Matrix, RunJob } from "./matrix.ts";
import { paretoFront } from "./pareto.ts";

/** What a row is made of: a simulation's totals, or a live run's, where some things cannot be seen. */
export interface RowTotals extends Omit<
  SimTotals,
  "ok" | "failedByClass" | "meanSeconds" | "outOfMemory" | "coldStarts" | "replicaStarts" | "reversals"
> {
  readonly coldStarts: number | null;
  readonly replicaStarts: number | null;
  /** Null live, where not every change is seen. */
  readonly reversals: number | null;
  /** Live only: how many decisions each trigger made. */
  readonly decisions?: DecisionCounts;
}

/** How many decisions each trigger led to. */
export type DecisionCounts = Readonly<Record<DecisionTrigger, number>>;

/** A policy on a cell: means over its seeds. */
export interface EvaluationRow extends CellName {
  readonly policy: string;
  /** Runs behind the row. */
  readonly seeds: number;
  /** Calls over the SLO or failed ÷ all calls. */
  readonly sloViolationShare: Interval;
  /** The share that may be late: 1 − the SLO's percentile. */
  readonly budget: number;
  /** The late share, even at the upper end of its interval, is within the budget and a twentieth of it. */
  readonly isKept: boolean;
  /** Replica-seconds and the price of starts; null live, where starts are not counted. */
  readonly cost: Interval | null;
  /** Cost ÷ that of `foresight` on the same calls; null where either does not keep the SLO. */
  readonly regret: Interval | null;
  readonly replicaSeconds: Interval;
  /** Replica-seconds ÷ those of the oracle on the same calls; null when the oracle needed none, and live, where there is none. */
  readonly oracleMultiple: Interval | null;
  /** Latency of calls answered well, seconds; null when there were none. */
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
  /** Σ |change of desired replicas|. */
  readonly churn: number;
  /** Calls that waited for a replica to start; null live, where they are not seen. */
  readonly coldStarts: number | null;
  readonly replicaStarts: number | null;
  readonly reversalsPerHour: number | null;
  /** Windows with calls, all of which were answered well ÷ windows with calls; null without calls. */
  readonly windowsFullyServedShare: number | null;
  readonly failedShare: number;
  readonly calls: number;
  /** Replica-seconds ÷ seconds. */
  readonly replicasMean: number;
  /** Window decisions that the guard or the bounds changed, and those held; 0 for a policy that decides on ticks. */
  readonly clippedDecisions: number;
  readonly heldDecisions: number;
  /** Live: decisions by what led to them, the policy's proposals, the fallback rule, the reactive floor; null simulated. */
  readonly decisions: DecisionCounts | null;
  /** No other row of the cell has fewer late calls at less cost; null for perfect foresight, which no policy has. */
  readonly isParetoOptimal: boolean | null;
}

/** So far above its budget a late share may be, and the SLO is kept: no policy aims better than that over a few seeds. */
export const KEPT_BUDGETS = 1.05;

/**
 * `totals[i]` belongs to `jobs[i]`; all jobs of the matrix must be there, the oracle's and foresight's where they ran. Rows are
 * in the order of cells, then policies.
 */
export function rowsOf(matrix: Matrix, jobs: readonly RunJob[], totals: readonly RowTotals[]): EvaluationRow[] {
  return matrix.cells.flatMap((cell, index) => {
    const bySeed = (policy: string) =>
      matrix.seeds.map((seed) => {
        const at = jobs.findIndex((job) => job.cell === index && job.policy === policy && job.seed === seed);
        return totals[at]!;
      });
    const ran = (policy: string) => (jobs.some((job) => job.policy === policy) ? bySeed(policy) : []);
    const scales = { oracle: ran(REFERENCE_POLICY), foresight: ran(FORESIGHT_POLICY) };
    const rows = matrix.policies.map((policy) => rowOf(policy, cell, bySeed(policy), scales));
    return withFront(rows);
  });
}

interface Scales {
  readonly oracle: readonly RowTotals[];
  readonly foresight: readonly RowTotals[];
}

function rowOf(
  policy: string,
  { trace, profile, rateScale, slo, startCostSeconds }: Matrix["cells"][number],
  runs: readonly RowTotals[],
  { oracle, foresight }: Scales,
): EvaluationRow {
  const cell: CellName = { trace, profile, rateScale };
  const chance = seededRandom(`bootstrap/${cell.trace}/${cell.profile}/${cell.rateScale}/${policy}`);
  const interval = (what: string, of: (run: RowTotals, i: number) => number) =>
    bootstrapMean(runs.map(of), chance.fork(what))!;
  const mean = (of: (run: RowTotals) => number) => meanOf(runs.map(of));
  const meanKnown = (of: (run: RowTotals) => number | null) => {
    const known = runs.map(of).filter((value) => value !== null);
    return known.length === 0 ? null : meanOf(known);
  };
  const hasReference = oracle.length > 0 && oracle.every(({ replicaSeconds }) => replicaSeconds > 0);
  const budget = budgetOf(slo);
  const sloViolationShare = interval("violations", (run) => run.sloViolationShare);
  const isKept = sloViolationShare.hi <= KEPT_BUDGETS * budget;
  const [costs, least] = [runs, foresight].map((of) => of.map((run) => costOf(run, startCostSeconds)));
  const isCostKnown = costs!.every((cost) => cost !== null);
  const isForeseen = foresight.length > 0 && meanOf(foresight.map((run) => run.sloViolationShare)) <= budget;
  const hasRegret = isKept && isCostKnown && isForeseen && least!.every((cost) => cost !== null && cost > 0);
  return {
    policy,
    ...cell,
    seeds: runs.length,
    sloViolationShare,
    budget,
    isKept,
    cost: isCostKnown ? interval("cost", (_, i) => costs![i]!) : null,
    regret: hasRegret ? interval("regret", (_, i) => costs![i]! / least![i]!) : null,
    replicaSeconds: interval("replica-seconds", (run) => run.replicaSeconds),
    oracleMultiple: hasReference
      ? interval("multiple", (run, i) => run.replicaSeconds / oracle[i]!.replicaSeconds)
      : null,
    p50Seconds: meanKnown((run) => run.p50Seconds),
    p95Seconds: meanKnown((run) => run.p95Seconds),
    p99Seconds: meanKnown((run) => run.p99Seconds),
    churn: mean((run) => run.churn),
    coldStarts: meanKnown((run) => run.coldStarts),
    replicaStarts: meanKnown((run) => run.replicaStarts),
    reversalsPerHour: meanKnown((run) =>
      run.reversals === null || !(run.durationSeconds > 0) ? null : (run.reversals / run.durationSeconds) * 3600,
    ),
    windowsFullyServedShare: meanKnown((run) => run.windowsFullyServedShare),
    failedShare: mean((run) => (run.calls === 0 ? 0 : run.failed / run.calls)),
    calls: mean((run) => run.calls),
    replicasMean: mean((run) => run.replicaSeconds / run.durationSeconds),
    clippedDecisions: mean((run) => run.clippedDecisions),
    heldDecisions: mean((run) => run.heldDecisions),
    decisions: decisionsOf(runs),
    isParetoOptimal: null,
  };
}

function decisionsOf(runs: readonly RowTotals[]): DecisionCounts | null {
  if (!runs.every(({ decisions }) => decisions !== undefined)) return null;
  const mean = (trigger: DecisionTrigger) => meanOf(runs.map(({ decisions }) => decisions![trigger]));
  return { proposal: mean("proposal"), fallback: mean("fallback"), floor: mean("floor"), tick: mean("tick") };
}

function withFront(rows: readonly EvaluationRow[]): EvaluationRow[] {
  const real = rows.filter(({ policy }) => !isBoundName(policy));
  const front = paretoFront(
    real.map(({ sloViolationShare, replicaSeconds, cost }) => ({
      sloViolationShare: sloViolationShare.mean,
      cost: (cost ?? replicaSeconds).mean,
    })),
  );
  return rows.map((row) => (real.includes(row) ? { ...row, isParetoOptimal: front[real.indexOf(row)]! } : row));
}
