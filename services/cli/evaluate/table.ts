/** The result table for a terminal: a block for each cell, a line for each policy. */
import type { Interval } from "#shared/evaluation/bootstrap.ts";
import type { CellName } from "#shared/evaluation/matrix.ts";
import type { EvaluationRow } from "#shared/evaluation/rows.ts";
import type { CellSummary, EvaluationResult } from "./result.ts";

interface Column {
  readonly title: string;
  readonly cell: (row: EvaluationRow) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "violations % [95 %]", cell: (row) => withInterval(row.sloViolationShare, percent) },
  { title: "replica-s [95 %]", cell: (row) => withInterval(row.replicaSeconds, whole) },
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

export function tableOf(result: Pick<EvaluationResult, "rows" | "cells" | "seeds">): string[] {
  const lines = result.cells.flatMap((cell) => {
    const rows = result.rows.filter((row) => isSameCell(row, cell));
    return ["", headOf(cell), ...blockOf(rows)];
  });
  return [...lines, "", legendOf(result.seeds.length)];
}

/** Live: who decided, a line for each row. */
export function decisionLines(rows: readonly EvaluationRow[]): string[] {
  return rows.flatMap(({ policy, trace, decisions, clippedDecisions, heldDecisions }) => {
    if (decisions === null) return [];
    const { proposal, fallback, floor } = decisions;
    const others = `${whole(fallback)} by the fallback rule, ${whole(floor)} by the floor`;
    const guard = `the guard changed ${whole(clippedDecisions)} and held ${whole(heldDecisions)}`;
    return [`${policy} on ${trace}: ${whole(proposal)} windows decided by its proposals, ${others}; ${guard}`];
  });
}

export function isSameCell(a: CellName, b: CellName): boolean {
  return a.trace === b.trace && a.profile === b.profile && a.rateScale === b.rateScale;
}

function headOf({ trace, profile, rateScale, sloP95Seconds, calls, needed }: CellSummary): string {
  const head = `${trace} × ${rateScale}, profile ${profile} (SLO ${sloP95Seconds} s): ${whole(calls)} calls`;
  if (needed === null) return head;
  return `${head}, ${needed.mean.toFixed(1)} replicas needed on average, ${needed.peak} at the peak`;
}

function blockOf(rows: readonly EvaluationRow[]): string[] {
  const grid = [
    ["  policy", ...COLUMNS.map(({ title }) => title)],
    ...rows.map((row) => [`${row.isParetoOptimal ? "●" : " "} ${row.policy}`, ...COLUMNS.map(({ cell }) => cell(row))]),
  ];
  const widths = grid[0]!.map((_, column) => Math.max(...grid.map((line) => line[column]!.length)));
  return grid.map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join("  "),
  );
}

function legendOf(seeds: number): string {
  return (
    `● nobody has both fewer violations and fewer replica-seconds. Means over ${seeds} ${seeds === 1 ? "seed" : "seeds"}, ` +
    "95 % bootstrap intervals; × oracle: replica-seconds against perfect foresight at 70 % use"
  );
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
