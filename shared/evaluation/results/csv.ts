/** The result table as CSV (RFC 4180), one line per row, an empty cell for what is not known. */
import type { Interval } from "../bootstrap.ts";
import type { EvaluationRow } from "../rows.ts";
import type { EvaluationResult } from "./result.ts";

type Value = string | number | boolean | null;

const interval = (name: string, of: (row: EvaluationRow) => Interval | null) =>
  (["mean", "lo", "hi"] as const).map(
    (end) => [end === "mean" ? name : `${name}_${end}`, (row: EvaluationRow): Value => of(row)?.[end] ?? null] as const,
  );

const COLUMNS: readonly (readonly [name: string, of: (row: EvaluationRow) => Value])[] = [
  ["policy", (row) => row.policy],
  ["trace", (row) => row.trace],
  ["profile", (row) => row.profile],
  ["rate_scale", (row) => row.rateScale],
  ["seeds", (row) => row.seeds],
  ["calls", (row) => row.calls],
  ...interval("slo_violation_share", (row) => row.sloViolationShare),
  ["budget", (row) => row.budget],
  ["is_kept", (row) => row.isKept],
  ...interval("cost", (row) => row.cost),
  ...interval("regret", (row) => row.regret),
  ...interval("replica_seconds", (row) => row.replicaSeconds),
  ...interval("oracle_multiple", (row) => row.oracleMultiple),
  ["p50_seconds", (row) => row.p50Seconds],
  ["p95_seconds", (row) => row.p95Seconds],
  ["p99_seconds", (row) => row.p99Seconds],
  ["windows_fully_served_share", (row) => row.windowsFullyServedShare],
  ["failed_share", (row) => row.failedShare],
  ["replicas_mean", (row) => row.replicasMean],
  ["churn", (row) => row.churn],
  ["cold_starts", (row) => row.coldStarts],
  ["replica_starts", (row) => row.replicaStarts],
  ["reversals_per_hour", (row) => row.reversalsPerHour],
  ["clipped_decisions", (row) => row.clippedDecisions],
  ["held_decisions", (row) => row.heldDecisions],
  ["decisions_by_proposal", (row) => row.decisions?.proposal ?? null],
  ["decisions_by_fallback", (row) => row.decisions?.fallback ?? null],
  ["decisions_by_floor", (row) => row.decisions?.floor ?? null],
  ["is_pareto_optimal", (row) => row.isParetoOptimal],
];

/** The rows as CSV (RFC 4180), with a header. */
export function csvOf({ env, rows }: Pick<EvaluationResult, "env" | "rows">): string {
  const lines = [
    ["env", ...COLUMNS.map(([name]) => name)],
    ...rows.map((row) => [env, ...COLUMNS.map(([, of]) => cellOf(of(row)))]),
  ];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

function cellOf(value: Value): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
