/** The result table for a terminal: a block for each cell, a line for each policy. */
import { sloWords } from "../../core/slo.ts";
import type { Interval } from "../bootstrap.ts";
import type { CellName } from "../matrix.ts";
import { KEPT_BUDGETS, type EvaluationRow } from "../rows.ts";
import type { CellSummary, EvaluationResult } from "./result.ts";

interface Column {
  readonly title: string;
  readonly cell: (row: EvaluationRow) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "late % [95 %] of budget", cell: lateWords },
  { title: "cost [95 %]", cell: (row) => (row.cost === null ? "–" : withInterval(row.cost, whole)) },
  { title: "regret", cell: (row) => (row.regret === null ? "–" : row.regret.mean.toFixed(2)) },
  { title: "replica-s", cell: (row) => whole(row.replicaSeconds.mean) },
  { title: "starts", cell: (row) => (row.replicaStarts === null ? "–" : whole(row.replicaStarts)) },
  {
    title: "reversals/h",
    cell: (row) => (row.reversalsPerHour === null ? "–" : row.reversalsPerHour.toFixed(1)),
  },
  { title: "× oracle", cell: (row) => (row.oracleMultiple === null ? "–" : row.oracleMultiple.mean.toFixed(2)) },
  { title: "P50 s", cell: (row) => seconds(row.p50Seconds) },
  { title: "P95 s", cell: (row) => seconds(row.p95Seconds) },
  { title: "P99 s", cell: (row) => seconds(row.p99Seconds) },
  {
    title: "served %",
    cell: (row) => (row.windowsFullyServedShare === null ? "–" : percent(row.windowsFullyServedShare)),
  },
  { title: "churn", cell: (row) => whole(row.churn) },
  { title: "cold", cell: (row) => (row.coldStarts === null ? "–" : whole(row.coldStarts)) },
];

/** The result as a table for the terminal, a text for each line. */
export function tableOf(result: Pick<EvaluationResult, "rows" | "cells" | "seeds">): string[] {
  const lines = result.cells.flatMap((cell) => {
    const rows = result.rows.filter((row) => isSameCell(row, cell));
    return ["", headOf(cell), ...boundsWords(cell), ...blockOf(rows)];
  });
  return [...lines, "", ...legendOf(result.seeds.length)];
}

/** Live: who decided, a line for each row. */
export function decisionLines(rows: readonly EvaluationRow[]): string[] {
  return rows.flatMap(({ policy, trace, decisions, clippedDecisions, heldDecisions }) => {
    if (decisions === null) return [];
    const { proposal, fallback, floor, tick } = decisions;
    const ticked = tick > 0 ? `, ${whole(tick)} between windows by its target` : "";
    const others = `${whole(fallback)} by the fallback rule, ${whole(floor)} by the floor${ticked}`;
    const guard = `the guard changed ${whole(clippedDecisions)} and held ${whole(heldDecisions)}`;
    return [`${policy} on ${trace}: ${whole(proposal)} windows decided by its proposals, ${others}; ${guard}`];
  });
}

/** Whether two rows belong to the same cell. */
export function isSameCell(a: CellName, b: CellName): boolean {
  return a.trace === b.trace && a.profile === b.profile && a.rateScale === b.rateScale;
}

function headOf({ trace, profile, rateScale, slo, calls, needed }: CellSummary): string {
  const head = `${trace} × ${rateScale}, profile ${profile} (SLO ${sloWords(slo)}): ${whole(calls)} calls`;
  if (needed === null) return head;
  return `${head}, ${needed.mean.toFixed(1)} replicas needed on average, ${needed.peak} at the peak`;
}

/** What perfect foresight pays; none live. */
function boundsWords({ foresight, slo, startCostSeconds }: CellSummary): string[] {
  if (foresight === null) return [];
  const { isFeasible, lateShareAtMost, lower, upper, gap } = foresight;
  const price = `a start costs ${startCostSeconds} replica-seconds`;
  if (!isFeasible)
    return [`infeasible: with the maximum held throughout ${percent(lateShareAtMost)} % are late; ${price}`];
  if (lower === null || upper === null) return [price];
  const bound = `no policy costs less than ${whole(lower)}, gap ${gap === null ? "–" : gap.toFixed(2)}`;
  return [`foresight keeps ${sloWords(slo)} for ${whole(upper)}; ${bound}; ${price}`];
}

function lateWords({ sloViolationShare, budget, isKept }: EvaluationRow): string {
  return `${withInterval(sloViolationShare, percent)} of ${Number((budget * 100).toFixed(3))}${isKept ? "       " : " missed"}`;
}

function blockOf(rows: readonly EvaluationRow[]): string[] {
  return columnsOf([
    ["  policy", ...COLUMNS.map(({ title }) => title)],
    ...rows.map((row) => [`${row.isParetoOptimal ? "●" : " "} ${row.policy}`, ...COLUMNS.map(({ cell }) => cell(row))]),
  ]);
}

/** Columns under each other, the first from the left, the others from the right. */
export function columnsOf(grid: readonly (readonly string[])[]): string[] {
  const widths = grid[0]!.map((_, column) => Math.max(...grid.map((line) => line[column]!.length)));
  return grid.map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join("  "),
  );
}

function legendOf(seeds: number): string[] {
  return [
    `● nobody has both fewer late calls and less cost. Means over ${seeds} ${seeds === 1 ? "seed" : "seeds"}, 95 % bootstrap intervals`,
    `late: over the SLO or failed; missed: its interval ends above ${KEPT_BUDGETS} × the budget`,
    "cost: replica-seconds + the price of starts; regret: cost ÷ that of foresight, where both keep the SLO",
    "× oracle: replica-seconds ÷ those of the oracle, which knows the load, keeps 70 % use and ignores the SLO",
  ];
}

function withInterval({ mean, lo, hi }: Interval, format: (value: number) => string): string {
  return lo === hi ? format(mean) : `${format(mean)} [${format(lo)}–${format(hi)}]`;
}

function percent(share: number): string {
  return (share * 100).toFixed(2);
}

function whole(value: number): string {
  return String(Math.round(value));
}

function seconds(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}
