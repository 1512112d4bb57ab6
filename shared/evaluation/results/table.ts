/** The result table for a terminal: a block for each cell, a line for each policy. */
import { sloWords } from "../../core/slo.ts";
import { intervalWords } from "../bootstrap.ts";
import { columnsOf } from "../columns.ts";
import type { CellName } from "../matrix.ts";
import { KEPT_BUDGETS, type EvaluationRow } from "../rows.ts";
import type { CellSummary, EvaluationResult } from "./result.ts";

interface Column {
  readonly title: string;
  readonly cell: (row: EvaluationRow) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "late % [95 %] of budget", cell: lateWords },
  { title: "cost [95 %]", cell: (row) => orDash(row.cost, (cost) => intervalWords(cost, whole)) },
  { title: "regret", cell: (row) => orDash(row.regret, ({ mean }) => hundredths(mean)) },
  { title: "replica-s", cell: (row) => whole(row.replicaSeconds.mean) },
  { title: "starts", cell: (row) => orDash(row.replicaStarts, whole) },
  { title: "reversals/h", cell: (row) => orDash(row.reversalsPerHour, (value) => value.toFixed(1)) },
  { title: "× oracle", cell: (row) => orDash(row.oracleMultiple, ({ mean }) => hundredths(mean)) },
  { title: "P50 s", cell: (row) => orDash(row.p50Seconds, hundredths) },
  { title: "P95 s", cell: (row) => orDash(row.p95Seconds, hundredths) },
  { title: "P99 s", cell: (row) => orDash(row.p99Seconds, hundredths) },
  { title: "served %", cell: (row) => orDash(row.windowsFullyServedShare, percent) },
  { title: "churn", cell: (row) => whole(row.churn) },
  { title: "cold", cell: (row) => orDash(row.coldStarts, whole) },
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
  const bound = `no policy costs less than ${whole(lower)}, gap ${orDash(gap, hundredths)}`;
  return [`foresight keeps ${sloWords(slo)} for ${whole(upper)}; ${bound}; ${price}`];
}

function lateWords({ sloViolationShare, budget, isKept }: EvaluationRow): string {
  return `${intervalWords(sloViolationShare, percent)} of ${Number((budget * 100).toFixed(3))}${isKept ? "       " : " missed"}`;
}

function blockOf(rows: readonly EvaluationRow[]): string[] {
  return columnsOf([
    ["  policy", ...COLUMNS.map(({ title }) => title)],
    ...rows.map((row) => [`${row.isParetoOptimal ? "●" : " "} ${row.policy}`, ...COLUMNS.map(({ cell }) => cell(row))]),
  ]);
}

function legendOf(seeds: number): string[] {
  return [
    `● nobody has both fewer late calls and less cost. Means over ${seeds} ${seeds === 1 ? "seed" : "seeds"}, 95 % bootstrap intervals`,
    `late: over the SLO or failed; missed: its interval ends above ${KEPT_BUDGETS} × the budget`,
    "cost: replica-seconds + the price of starts; regret: cost ÷ that of foresight, where both keep the SLO",
    "× oracle: replica-seconds ÷ those of the oracle, which knows the load, keeps 70 % use and ignores the SLO",
  ];
}

/** What is not known is a dash. */
function orDash<T>(value: T | null, format: (value: T) => string): string {
  return value === null ? "–" : format(value);
}

function percent(share: number): string {
  return (share * 100).toFixed(2);
}

function whole(value: number): string {
  return String(Math.round(value));
}

function hundredths(value: number): string {
  return value.toFixed(2);
}
