/** Two axes to one order: the cheapest candidate among those that keep the SLO often enough. */
import { meanOf } from "../bootstrap.ts";

/** What a candidate did on one cell and seed. */
export interface CellOutcome {
  readonly sloViolationShare: number;
  /** Replica-seconds and the price of starts; and the oracle's, on the same calls. */
  readonly cost: number;
  readonly oracleCost: number;
}

/** What a candidate is judged by. */
export interface Score {
  /** Mean over cells and seeds, each with the same weight, so that a long trace does not drown a short one. */
  readonly sloViolationShare: number;
  /** Mean cost ÷ the oracle's: a scale, so that each cell has the same weight. */
  readonly oracleMultiple: number;
  readonly isFeasible: boolean;
}

/** `maxViolationShare`: feasible up to here. A P95 SLO allows 0.05. */
export function scoreOf(outcomes: readonly CellOutcome[], maxViolationShare: number): Score {
  const sloViolationShare = meanOf(outcomes.map((outcome) => outcome.sloViolationShare));
  const oracleMultiple = meanOf(outcomes.map(({ cost, oracleCost }) => cost / Math.max(1, oracleCost)));
  return { sloViolationShare, oracleMultiple, isFeasible: sloViolationShare <= maxViolationShare };
}

/**
 * min mean(cost ÷ oracle's) subject to mean(violation share) ≤ the limit. Where nothing is feasible the fewest
 * violations win. Negative when `a` is better.
 */
export function compareScores(a: Score, b: Score): number {
  if (a.isFeasible !== b.isFeasible) return a.isFeasible ? -1 : 1;
  const byCost = a.oracleMultiple - b.oracleMultiple;
  const byViolations = a.sloViolationShare - b.sloViolationShare;
  return a.isFeasible ? byCost || byViolations : byViolations || byCost;
}
