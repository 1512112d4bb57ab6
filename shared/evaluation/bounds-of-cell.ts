/** Bounds of a cell over its seeds, and the check that no policy is below them. */
import { budgetOf } from "../core/slo.ts";
import { meanOf } from "./bootstrap.ts";
import type { Bounds } from "./foresight/bounds.ts";
import type { CellTerms } from "./matrix.ts";
import type { EvaluationRow } from "./rows.ts";

/** Means over seeds; costs in replica-seconds, starts priced. */
export interface CellBounds {
  /** Even the maximum held throughout breaks the SLO. */
  readonly isFeasible: boolean;
  readonly lateShareAtMost: number;
  /** Null where the cell is infeasible. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** Upper ÷ lower. */
  readonly gap: number | null;
  /** Of the best plan by utilisation alone. */
  readonly byUtilisation: number | null;
  /** Of the plan. */
  readonly lateShare: number;
  /** One standard deviation of what the luck of routes can save, in the mean over the seeds. */
  readonly luck: number;
  /** Of one seed's search. */
  readonly simulations: number;
}

/** `bounds`: of each seed. */
export function boundsOfCell(bounds: readonly Bounds[], { slo }: Pick<CellTerms, "slo">): CellBounds {
  const mean = (of: (one: Bounds) => number) => meanOf(bounds.map(of));
  const lateShareAtMost = mean((one) => one.lateShareAtMost);
  const known = (of: (one: Bounds) => number | null) => {
    const values = bounds.map(of);
    return isFeasible && values.every((value) => value !== null) ? meanOf(values) : null;
  };
  const isFeasible = lateShareAtMost <= budgetOf(slo);
  const [lower, upper] = [known((one) => one.lower), isFeasible ? mean((one) => one.upper) : null];
  return {
    isFeasible,
    lateShareAtMost,
    lower,
    upper,
    gap: lower !== null && upper !== null && lower > 0 ? upper / lower : null,
    byUtilisation: known((one) => one.byUtilisation),
    lateShare: mean((one) => one.lateShare),
    luck: mean((one) => one.luck) / Math.sqrt(bounds.length),
    simulations: mean((one) => one.simulations),
  };
}

/** Luck that many standard deviations long is none any more. */
const DEVIATIONS = 4;

/**
 * Names of the policies that kept the SLO for less than is possible, luck allowed for: then the bound or the simulator is wrong.
 * `foresight` is held to it like the rest; so is the oracle, should it ever keep the SLO.
 */
export function belowLowerBound(
  rows: readonly Pick<EvaluationRow, "policy" | "sloViolationShare" | "cost">[],
  { lower, luck }: CellBounds,
  { slo }: Pick<CellTerms, "slo">,
): string[] {
  if (lower === null) return [];
  return rows
    .filter(({ sloViolationShare }) => sloViolationShare.mean <= budgetOf(slo))
    .filter(({ cost }) => cost !== null && cost.mean < lower - DEVIATIONS * luck - 1e-6)
    .map(({ policy }) => policy);
}
