/** One readable line a window, and a summary at the end. */
import { budgetOf, budgetWords, percentWords, sloWords } from "#shared/core/slo.ts";
import type { FunctionBudget } from "#shared/live/run/budgets.ts";
import type { PolicyShare } from "#shared/live/run/policy-shares.ts";
import type { RunTotals, WindowRow } from "#shared/live/run/record.ts";

/** The heads of the columns of `lineOf`. */
export const HEADER = "   time    arrivals   P95 s   budget used   ready/desired   proposal → decision   why";

/** `columns` bounds the line; the reason is cut with an ellipsis. */
export function lineOf(row: WindowRow, columns: number): string {
  const time = new Date(row.endedAtMs).toISOString().slice(11, 19);
  const cells = [
    time,
    number(row.arrivals).padStart(9),
    number(row.p95Seconds, 2).padStart(8),
    budgetCell(row).padStart(13),
    `${number(row.availableReplicas)}/${number(row.desiredReplicas)}`.padStart(12),
    `${number(row.proposedReplicas)} → ${number(row.appliedReplicas)}`.padStart(15),
    "       ",
    row.reason,
  ];
  const between = row.between.map(({ reason, isUp }) => `\n           ${isUp ? "↑" : "↓"} between windows: ${reason}`);
  return [cells.join(" "), ...between].map((line) => cut(line, columns)).join("");
}

/** "3.1 % of 5 %" of the window's own requests. */
function budgetCell({ late: { share }, slo }: WindowRow): string {
  return share === null ? "–" : `${percentWords(share)} of ${percentWords(budgetOf(slo))}`;
}

/** What became of a model, as it happens. */
export function newsLine(news: RunTotals["news"][number], columns: number): string {
  return cut(`           ${newsText(news)}`, columns);
}

function newsText({ action, policy, summary }: RunTotals["news"][number]): string {
  return `model ${policy.name} ${policy.version} ${action}: ${summary}`;
}

/** What came of a run, over several lines. */
export function summaryOf(rows: readonly WindowRow[], totals: RunTotals): string {
  const lines = [
    "",
    `${rows.length} windows; replicas ${range(rows)}, ${totals.scaleUps} times up, ${totals.scaleDowns} times down, ` +
      `${totals.replicaSeconds} replica-seconds`,
    `decisions: ${totals.decisionsBy.proposal} by the policy, ${totals.decisionsBy.tick} between windows by its target, ` +
      `${totals.decisionsBy.floor} by the panic floor, ${totals.decisionsBy.fallback} by the fallback rule`,
    ...totals.policies.filter(({ trigger }) => trigger !== "floor" && trigger !== "tick").map(shareLine),
    ...totals.news.map((news) => `  ${newsText(news)}`),
    ...totals.budgets.flatMap((one) => budgetLines(one, totals.seenByLoad)),
  ];
  if (totals.scheduleDigest !== null) {
    const failed = Object.entries(totals.failedByClass).map(([name, count]) => `${count} × ${name}`);
    lines.push(
      `requests: ${totals.scheduled} scheduled, ${totals.ok} ok, ${totals.failed} failed` +
        `${failed.length > 0 ? ` (${failed.join(", ")})` : ""}, ${totals.shed} shed, ${totals.unfinished} unfinished`,
    );
    lines.push(
      totals.valid === false
        ? `the run is NOT valid: ${totals.invalidBecause ?? "no reason given"}`
        : `the run is ${totals.valid ? "valid" : "not over"}; schedule ${totals.scheduleDigest.slice(0, 12)}`,
      ...verdictOf(totals),
    );
  }
  return lines.join("\n");
}

/** What the load generator's own records say of the SLO: "kept: 3.9 % of 5 %". */
function verdictOf({ sloViolationShare: share, budgets, loadedFunction }: RunTotals): string[] {
  const loaded = budgets.find(({ functionName }) => functionName === loadedFunction);
  if (share === null) return [];
  if (loaded === undefined) return [`late, failed or turned away: ${percentWords(share)}`];
  const budget = budgetOf(loaded.slo);
  return [`${share <= budget ? "kept" : "missed"}: ${percentWords(share)} of ${percentWords(budget)}`];
}

/** Measured and seen differ by what a gateway cannot know: how long a request was on its way to it, or waited for a first replica. */
function budgetLines({ functionName, slo, use }: FunctionBudget, seen: RunTotals["seenByLoad"]): string[] {
  const { share, unmeasuredSeconds } = use;
  const untold = share !== null && unmeasuredSeconds > 0 ? `, ${Math.round(unmeasuredSeconds)} s not measured` : "";
  const line = `SLO of ${functionName}, ${sloWords(slo)}: ${budgetWords(share, slo)}${untold}`;
  if (seen === null) return [line];
  const measured = share === null ? "not measured" : `measured ${percentWords(share)}`;
  const saw = `the load generator saw ${percentWords(seen.fromSent)}`;
  const due = `${percentWords(seen.fromIntended)} from when requests were due`;
  return [line, `  ${measured}, ${saw}; ${due}`];
}

function shareLine({ name, version, trigger, decisions, guarded, bounded }: PolicyShare): string {
  const who = trigger === "proposal" ? "policy " : "rule   ";
  return `  ${who} ${name} ${version}: ${decisions} decisions; the guard changed ${guarded}, the bounds ${bounded}`;
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
