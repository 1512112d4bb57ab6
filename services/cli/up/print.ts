/** One readable line a window, and a summary at the end. */
import type { PolicyShare, RunTotals, WindowRow } from "./run-record.ts";

export const HEADER = "   time    arrivals   P95 s   ready/desired   proposal → decision   why";

/** `columns` bounds the line; the reason is cut with an ellipsis. */
export function lineOf(row: WindowRow, columns: number): string {
  const time = new Date(row.endedAtMs).toISOString().slice(11, 19);
  const cells = [
    time,
    number(row.arrivals).padStart(9),
    number(row.p95Seconds, 2).padStart(8),
    `${number(row.availableReplicas)}/${number(row.desiredReplicas)}`.padStart(12),
    `${number(row.proposedReplicas)} → ${number(row.appliedReplicas)}`.padStart(15),
    "       ",
    row.reason,
  ];
  const floors = row.between.map(({ reason }) => `\n           ↑ between windows: ${reason}`);
  return [cells.join(" "), ...floors].map((line) => cut(line, columns)).join("");
}

/** What became of a model, as it happens. */
export function newsLine(news: RunTotals["news"][number], columns: number): string {
  return cut(`           ${newsText(news)}`, columns);
}

function newsText({ action, policy, summary }: RunTotals["news"][number]): string {
  return `model ${policy.name} ${policy.version} ${action}: ${summary}`;
}

export function summaryOf(rows: readonly WindowRow[], totals: RunTotals): string {
  const lines = [
    "",
    `${rows.length} windows; replicas ${range(rows)}, ${totals.scaleUps} times up, ${totals.scaleDowns} times down, ` +
      `${totals.replicaSeconds} replica-seconds`,
    `decisions: ${totals.decisionsBy.proposal} by the policy, ${totals.decisionsBy.floor} by the panic floor, ` +
      `${totals.decisionsBy.fallback} by the fallback rule`,
    ...totals.policies.filter(({ trigger }) => trigger !== "floor").map(shareLine),
    ...totals.news.map((news) => `  ${newsText(news)}`),
  ];
  if (totals.scheduleDigest !== null) {
    const failed = Object.entries(totals.failedByClass).map(([name, count]) => `${count} × ${name}`);
    lines.push(
      `requests: ${totals.scheduled} scheduled, ${totals.ok} ok, ${totals.failed} failed` +
        `${failed.length > 0 ? ` (${failed.join(", ")})` : ""}, ${totals.shed} shed, ${totals.unfinished} unfinished`,
    );
    if (totals.sloViolationShare !== null) {
      lines.push(`slower than the SLO, failed or shed: ${(totals.sloViolationShare * 100).toFixed(2)} %`);
    }
    lines.push(
      totals.valid === false
        ? `the run is NOT valid: ${totals.invalidBecause ?? "no reason given"}`
        : `the run is ${totals.valid ? "valid" : "not over"}; schedule ${totals.scheduleDigest.slice(0, 12)}`,
    );
  }
  return lines.join("\n");
}

function shareLine({ name, version, trigger, decisions, changed }: PolicyShare): string {
  const who = trigger === "proposal" ? "policy " : "rule   ";
  return `  ${who} ${name} ${version}: ${decisions} decisions, ${changed} of them changed by the guard`;
}

function range(rows: readonly WindowRow[]): string {
  const counts = rows.flatMap(({ availableReplicas }) => (availableReplicas === null ? [] : [availableReplicas]));
  return counts.length === 0 ? "unknown" : `${Math.min(...counts)}–${Math.max(...counts)}`;
}

function number(value: number | null, digits = 0): string {
  return value === null ? "–" : value.toFixed(digits);
}

function cut(line: string, columns: number): string {
  const newline = line.startsWith("\n") ? 1 : 0;
  return line.length - newline > columns ? `${line.slice(0, columns + newline - 1)}…` : line;
}
