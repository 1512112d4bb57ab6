/** What an evaluation says over all of its cells: who keeps the SLO where, and what that costs against fore- and hindsight. */
import { isBoundName } from "./knowing.ts";
import { costAtShare } from "./front.ts";
import type { EvaluationRow } from "./rows.ts";
import type { CellBounds } from "./bounds-of-cell.ts";
import { isRuleName } from "./policies.ts";

/** A row as the summary needs it. */
export type SummaryRow = Pick<EvaluationRow, "policy" | "isKept" | "sloViolationShare" | "cost" | "regret">;

/** A cell, as far as the summary reads it. */
export interface SummaryCell {
  /** Null without a search: the cell counts as feasible then. */
  readonly bounds: Pick<CellBounds, "isFeasible"> | null;
  readonly rows: readonly SummaryRow[];
}

/** A policy over all cells. */
export interface PolicySummary {
  readonly policy: string;
  /** Of the feasible cells. */
  readonly kept: number;
  readonly feasible: number;
  /** Geometric means, each over so many cells; null over none. */
  readonly regret: number | null;
  readonly regretCells: number;
  /** Cost ÷ that of the front of all other settings of rules in the same cell, at the same late share: hindsight. */
  readonly frontMultiple: number | null;
  readonly frontCells: number;
  /** Cells where the late share is outside of the shares that were tried, so that nothing can be said. */
  readonly outsideFront: number;
  /** The cheapest other setting of a rule that keeps as many cells or more, by the cost in those that both keep. */
  readonly cheapestAsGood: { readonly policy: string; readonly multiple: number; readonly cells: number } | null;
}

/** Every policy, the bounds included, in the order of the first cell's rows. Each cell has the same weight. */
export function summaryOf(cells: readonly SummaryCell[]): PolicySummary[] {
  const feasible = cells.filter(({ bounds }) => bounds?.isFeasible ?? true);
  const policies = [...new Set(cells.flatMap(({ rows }) => rows.map(({ policy }) => policy)))];
  const keptBy = new Map(policies.map((policy) => [policy, keptCells(feasible, policy)]));
  return policies.map((policy) => {
    const kept = keptBy.get(policy)!;
    const regrets = kept.flatMap(({ row }) => (row.regret === null ? [] : [row.regret.mean]));
    const against = isBoundName(policy) ? [] : feasible.map(({ rows }) => frontMultiple(rows, policy));
    const inside = against.filter((multiple) => multiple !== null);
    return {
      policy,
      kept: kept.length,
      feasible: feasible.length,
      regret: geometricMean(regrets),
      regretCells: regrets.length,
      frontMultiple: geometricMean(inside),
      frontCells: inside.length,
      outsideFront: against.length - inside.length,
      cheapestAsGood: isBoundName(policy) ? null : cheapestAsGood(policy, keptBy),
    };
  });
}

interface KeptCell {
  readonly cell: SummaryCell;
  readonly row: SummaryRow;
}

function keptCells(cells: readonly SummaryCell[], policy: string): KeptCell[] {
  return cells.flatMap((cell) => {
    const row = cell.rows.find((one) => one.policy === policy);
    return row?.isKept ? [{ cell, row }] : [];
  });
}

/** Null where no other was so early, or none so late, or a cost is not known. */
function frontMultiple(rows: readonly SummaryRow[], policy: string): number | null {
  const own = rows.find((row) => row.policy === policy);
  if (!own?.cost) return null;
  const others = rows.filter((row) => row !== own && isHindsight(row.policy) && row.cost !== null);
  const front = others.map(({ sloViolationShare, cost }) => ({
    sloViolationShare: sloViolationShare.mean,
    cost: cost!.mean,
  }));
  const least = costAtShare(front, own.sloViolationShare.mean);
  return least === null || least <= 0 ? null : own.cost.mean / least;
}

/** `multiple`: its own cost ÷ that policy's, geometric mean over the cells that both keep. */
function cheapestAsGood(
  policy: string,
  keptBy: ReadonlyMap<string, readonly KeptCell[]>,
): PolicySummary["cheapestAsGood"] {
  const own = keptBy.get(policy)!;
  if (own.length === 0) return null;
  const rivals = [...keptBy].flatMap(([other, kept]) => {
    if (other === policy || !isHindsight(other) || kept.length < own.length) return [];
    const ratios = own.flatMap(({ cell, row }) => {
      const met = kept.find((one) => one.cell === cell)?.row;
      return met?.cost && row.cost ? [row.cost.mean / met.cost.mean] : [];
    });
    const multiple = geometricMean(ratios);
    return multiple === null ? [] : [{ policy: other, multiple, cells: ratios.length }];
  });
  return rivals.reduce<PolicySummary["cheapestAsGood"]>(
    (best, rival) => (best === null || rival.multiple > best.multiple ? rival : best),
    null,
  );
}

/** Rules with their settings; a bound is none. */
function isHindsight(policy: string): boolean {
  return isRuleName(policy) && !isBoundName(policy);
}

function geometricMean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
