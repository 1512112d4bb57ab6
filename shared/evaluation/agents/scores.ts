/** Runs become one line for each contender: means over the traces, and how sure they are over the seeds. */
import { seededRandom } from "../../core/random.ts";
import { bootstrapMean, meanOf, type Interval } from "../bootstrap.ts";
import { dominates, paretoFront, type ParetoPoint } from "../pareto.ts";
import type { SimTotals } from "../../sim/simulate.ts";

/** The runs of one contender. */
export interface ContenderRuns {
  readonly name: string;
  readonly isTuned: boolean;
  /** By seed, then by trace. */
  readonly runs: readonly (readonly SimTotals[])[];
}

/** A contender's means over seeds, with intervals. */
export interface ContenderScore {
  readonly name: string;
  /** Calls over the SLO or failed ÷ all calls: mean over traces, each with the same weight. */
  readonly sloViolationShare: Interval;
  /** Replica-seconds ÷ those of the oracle on the same calls. */
  readonly oracleMultiple: Interval;
  readonly replicaSeconds: Interval;
  readonly p95Seconds: number | null;
  readonly churn: number;
  readonly clippedDecisions: number;
  /** Nobody else has both fewer violations and a smaller multiple. */
  readonly isParetoOptimal: boolean;
  /** Tuned rules that it beats on both axes, and that beat it. */
  readonly beats: number;
  readonly isBeatenBy: number;
}

/** `oracle`: by seed, then by trace, as the contenders' runs. */
export function scoresOf(
  contenders: readonly ContenderRuns[],
  oracle: readonly (readonly SimTotals[])[],
): ContenderScore[] {
  const plain = contenders.map(({ name, runs }) => {
    const chance = seededRandom(`compare-agents/${name}`);
    const interval = (what: string, of: (run: SimTotals, seed: number, trace: number) => number) =>
      bootstrapMean(
        runs.map((ofSeed, seed) => meanOf(ofSeed.map((run, trace) => of(run, seed, trace)))),
        chance.fork(what),
      )!;
    const all = runs.flat();
    const known = all.flatMap(({ p95Seconds }) => (p95Seconds === null ? [] : [p95Seconds]));
    return {
      name,
      sloViolationShare: interval("violations", (run) => run.sloViolationShare),
      oracleMultiple: interval("multiple", (run, s, t) => run.replicaSeconds / oracle[s]![t]!.replicaSeconds),
      replicaSeconds: interval("replica-seconds", (run) => run.replicaSeconds),
      p95Seconds: known.length === 0 ? null : meanOf(known),
      churn: meanOf(all.map(({ churn }) => churn)),
      clippedDecisions: meanOf(all.map(({ clippedDecisions }) => clippedDecisions)),
    };
  });
  const outcomes = plain.map(({ sloViolationShare, oracleMultiple }): ParetoPoint => {
    return { sloViolationShare: sloViolationShare.mean, cost: oracleMultiple.mean };
  });
  const front = paretoFront(outcomes);
  const rules = outcomes.filter((_, i) => contenders[i]!.isTuned);
  return plain.map((score, i) => ({
    ...score,
    isParetoOptimal: front[i]!,
    beats: rules.filter((rule) => dominates(outcomes[i]!, rule)).length,
    isBeatenBy: rules.filter((rule) => dominates(rule, outcomes[i]!)).length,
  }));
}
