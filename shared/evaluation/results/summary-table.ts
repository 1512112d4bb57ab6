/** What is said over all cells of an evaluation: a line for each policy, and the cells that no policy can keep. */
import { budgetWords } from "../../core/slo.ts";
import { columnsOf } from "../columns.ts";
import { summaryOf, type PolicySummary } from "../summary.ts";
import type { CellSummary, EvaluationResult } from "./result.ts";
import { isSameCell } from "./table.ts";

type Summarised = Pick<EvaluationResult, "rows" | "cells">;

/** For each policy, over the cells. */
export function policySummaries({ rows, cells }: Summarised): PolicySummary[] {
  return summaryOf(
    cells.map((cell) => ({ bounds: cell.foresight, rows: rows.filter((row) => isSameCell(row, cell)) })),
  );
}

/** Nothing for a single cell, which its table shows. */
export function summaryLines(result: Summarised): string[] {
  if (result.cells.length < 2) return [];
  const summaries = policySummaries(result);
  const feasible = summaries[0]?.feasible ?? 0;
  const table = columnsOf([
    ["  policy", "SLO kept", "regret", "× front", "outside", "cheapest other rule that keeps as many"],
    ...summaries.map((one) => [
      `  ${one.policy}`,
      `${one.kept} of ${one.feasible}`,
      ofCells(one.regret, one.regretCells),
      ofCells(one.frontMultiple, one.frontCells),
      String(one.outsideFront),
      one.cheapestAsGood === null
        ? "–"
        : `${ofCells(one.cheapestAsGood.multiple, one.cheapestAsGood.cells)} × ${one.cheapestAsGood.policy}`,
    ]),
  ]);
  return [
    "",
    `over all cells, ${feasible} of ${result.cells.length} feasible`,
    ...table,
    "  geometric means (over so many cells): regret where the SLO is kept; × front: cost ÷ that of the other rules' front in",
    "  the same cell at the same late share, which is outside where no other was so early, or none so late; last: cost ÷ that",
    "  rule's where both keep the SLO",
  ];
}

/** More of them than this, and the loads or the maximum are badly chosen. */
const MAX_INFEASIBLE = 0.1;

/** Under the tables, whatever their number. */
export function infeasibleLines(cells: readonly CellSummary[]): string[] {
  const found = cells.filter(({ foresight }) => foresight?.isFeasible === false);
  if (found.length === 0) return [];
  const lines = found.map(({ trace, rateScale, profile, slo, foresight }) => {
    const used = budgetWords(foresight!.lateShareAtMost, slo);
    return `  ${trace} × ${rateScale}, ${profile}: ${used} with the maximum held throughout`;
  });
  const isMany = found.length > MAX_INFEASIBLE * cells.length;
  const many = isMany
    ? `, more than a tenth of all ${cells.length}: other loads or a larger maximum would say more`
    : "";
  return ["", `infeasible cells${many}:`, ...lines];
}

function ofCells(value: number | null, cells: number): string {
  return value === null ? "–" : `${value.toFixed(3)} (${cells})`;
}
