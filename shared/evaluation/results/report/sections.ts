/** The report's text and tables. */
import { sloWords } from "../../../core/slo.ts";
import type { Interval } from "../../bootstrap.ts";
import type { EvaluationRow } from "../../rows.ts";
import type { CellSummary, EvaluationResult } from "../result.ts";
import { policySummaries } from "../summary-table.ts";
import { isSameCell } from "../table.ts";
import { escaped, grouped } from "./html.ts";

/** The report's head: what ran, where and when. */
export function headSection({ made, versions, machine, seeds, policies, cells, warnings }: EvaluationResult): string {
  const gibibytes = (machine.memoryBytes / 2 ** 30).toFixed(1);
  const day = made.at.slice(0, 16).replace("T", " ");
  return `<header>
<h1>Replicant evaluation</h1>
<p class="lead">${policies.length} policies on ${cells.length} ${cells.length === 1 ? "load" : "loads"}, ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"} each, in the simulator.</p>
<p class="fine">${day} UTC · Replicant ${escaped(versions.replicant)}, Node ${escaped(versions.node)} · ${escaped(machine.processor)}, ${machine.cores} cores, ${gibibytes} GiB, ${escaped(machine.system)}</p>
${warnings.map((warning) => `<p class="warning" role="note">${escaped(warning)}</p>`).join("\n")}
</header>`;
}

/** The report's tables, one for each cell. */
export function resultsSection({ cells, rows }: EvaluationResult): string {
  const tables = cells.map((cell) =>
    tableSection(
      cell,
      rows.filter((row) => isSameCell(row, cell)),
    ),
  );
  return `<section aria-labelledby="results">
<h2 id="results">Results</h2>
<p>Means over seeds, with 95 % bootstrap intervals in brackets. A dot marks policies that no other beats on both late calls and
cost.</p>
${tables.join("\n")}
</section>`;
}

function loadName({ trace, rateScale, profile }: Pick<CellSummary, "trace" | "rateScale" | "profile">): string {
  return `${escaped(trace)} × ${rateScale} <span class="word">${escaped(profile)}</span>`;
}

function tableSection(cell: CellSummary, rows: readonly EvaluationRow[]): string {
  const head = [
    ["policy", ""],
    ["late", "% of calls"],
    ["cost", "thousands"],
    ["regret", "× foresight"],
    ["replica-seconds", "thousands"],
    ["starts", ""],
    ["reversals", "an hour"],
    ["× oracle", ""],
    ["P50", "s"],
    ["P95", "s"],
    ["P99", "s"],
    ["windows served", "%"],
    ["churn", "replicas"],
    ["cold starts", "calls"],
    ["changed by guard", "decisions"],
  ];
  return `<div class="scroll"><table>
<caption><strong>${loadName(cell)}</strong><br>${grouped(cell.calls)} calls; SLO ${sloWords(cell.slo)}; ${neededWords(cell)}at most ${cell.maxReplicas} allowed${boundsWords(cell)}</caption>
<thead><tr>${head.map(([name, unit]) => `<th scope="col">${name}<span class="unit">${unit}</span></th>`).join("")}</tr></thead>
<tbody>
${rows.map(rowOf).join("\n")}
</tbody></table></div>`;
}

function neededWords({ needed }: CellSummary): string {
  if (needed === null) return "";
  return `replicas needed at 70 % use: ${needed.mean.toFixed(1)} on average, ${needed.peak} at the peak; `;
}

function boundsWords({ foresight }: CellSummary): string {
  if (foresight === null) return "";
  const { lower, upper, gap, lateShareAtMost } = foresight;
  if (lower === null || upper === null) {
    return `<br>infeasible: ${(lateShareAtMost * 100).toFixed(1)} % late with the maximum held throughout`;
  }
  const apart = gap === null ? "" : `, ${gap.toFixed(2)} apart`;
  return `<br>foresight keeps it for ${grouped(upper)}, and nobody for less than ${grouped(lower)}${apart}`;
}

function rowOf(row: EvaluationRow): string {
  const cells = [
    `${withInterval(row.sloViolationShare, (share) => (share * 100).toFixed(2))}${row.isKept ? "" : ' <span class="interval">missed</span>'}`,
    row.cost === null ? "–" : withInterval(row.cost, (value) => (value / 1000).toFixed(1)),
    row.regret === null ? "–" : withInterval(row.regret, (value) => value.toFixed(2)),
    (row.replicaSeconds.mean / 1000).toFixed(1),
    row.replicaStarts === null ? "–" : grouped(row.replicaStarts),
    row.reversalsPerHour === null ? "–" : row.reversalsPerHour.toFixed(1),
    row.oracleMultiple === null ? "–" : withInterval(row.oracleMultiple, (value) => value.toFixed(2)),
    ...[row.p50Seconds, row.p95Seconds, row.p99Seconds].map((value) => (value === null ? "–" : value.toFixed(2))),
    row.windowsFullyServedShare === null ? "–" : (row.windowsFullyServedShare * 100).toFixed(2),
    grouped(row.churn),
    row.coldStarts === null ? "–" : grouped(row.coldStarts),
    grouped(row.clippedDecisions),
  ];
  const front = row.isParetoOptimal
    ? '<span class="front" title="Pareto-optimal" aria-label="Pareto-optimal">●</span>'
    : "";
  const name = `<th scope="row"><span class="swatch" data-policy="${escaped(row.policy)}"></span>${breakable(row.policy)}${front}</th>`;
  return `<tr>${name}${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

/** A long name may break after an option or a folder. */
function breakable(name: string): string {
  return escaped(name).replaceAll(/[,/:]/g, "$&<wbr>");
}

function withInterval({ mean, lo, hi }: Interval, format: (value: number) => string): string {
  return `${format(mean)}<span class="interval">${lo === hi ? "" : `[${format(lo)}, ${format(hi)}]`}</span>`;
}

/** Nothing where there is one cell. */
export function summarySection(result: EvaluationResult): string {
  if (result.cells.length < 2) return "";
  const ofCells = (value: number | null, cells: number) =>
    value === null ? "–" : `${value.toFixed(3)}<span class="interval">(${cells})</span>`;
  const lines = policySummaries(result).map((one) => {
    const rival = one.cheapestAsGood;
    const cells = [
      `${one.kept} of ${one.feasible}`,
      ofCells(one.regret, one.regretCells),
      ofCells(one.frontMultiple, one.frontCells),
      rival === null ? "–" : `${ofCells(rival.multiple, rival.cells)} × ${breakable(rival.policy)}`,
    ];
    return `<tr><th scope="row">${breakable(one.policy)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const head = [
    "policy",
    "SLO kept",
    "regret",
    "× front of the other rules",
    "× cheapest other rule that keeps as many",
  ];
  return `<section aria-labelledby="summary">
<h2 id="summary">Over all loads</h2>
<p>Geometric means, in brackets over how many feasible loads. The front is that of all other rules in the same load, read at the same
late share, and nothing is said outside of its range.</p>
<div class="scroll"><table class="summary">
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>
${lines.join("\n")}
</tbody></table></div>
</section>`;
}

/** The report's figures: late calls against cost, one for each cell. */
export function figuresSection({ cells, seeds }: EvaluationResult): string {
  return `<section aria-labelledby="pareto">
<h2 id="pareto">Late calls against cost</h2>
<p>Each point is a policy's mean over seeds, its bars the 95 % intervals. Left and down is better; the line joins those that nobody
beats. Diamonds are no rivals: foresight keeps the SLO with perfect knowledge; the oracle knows the load, keeps 70 % use and ignores
the SLO.</p>
<div class="figures">
${cells.map((cell, i) => `<figure><figcaption>${loadName(cell)}</figcaption><div data-pareto="${i}"></div></figure>`).join("\n")}
</div>
</section>
<section aria-labelledby="time">
<h2 id="time">Load and replicas over time</h2>
<p>Seed ${seeds[0]}. Lines are ready replicas; the grey area is the oracle's. Red marks below a line: the P95 latency was over the SLO.</p>
${cells.map((cell, i) => `<details${i < 3 ? " open" : ""}><summary>${loadName(cell)}</summary><div class="views" data-views="${i}"></div><div data-timeline="${i}"></div></details>`).join("\n")}
</section>
<noscript><p class="warning">The figures are drawn by a script in this file; the tables above are complete without it.</p></noscript>`;
}

/** How the report was made and what its words mean. */
export function methodSection({
  made,
  traces,
  policies,
  guard,
  seeds,
  windowSeconds,
  cells,
}: EvaluationResult): string {
  const learned = policies.filter(({ learnedFrom }) => learnedFrom !== null);
  const digest = (hex: string) => `<code title="SHA-256 ${hex}">${hex.slice(0, 16)}…</code>`;
  return `<section aria-labelledby="method">
<h2 id="method">Method</h2>
<dl>
<dt>Late</dt><dd>Calls slower than the SLO or failed ÷ all calls; the SLO lets a share of them be so, its budget. Missed: the interval ends above 1.05 × the budget.</dd>
<dt>Cost</dt><dd>Replica-seconds, and for each start ${cells[0]!.startCostSeconds} of them.</dd>
<dt>Regret</dt><dd>Cost ÷ that of foresight on the same calls, where both keep the SLO. Foresight knows all arrivals, though not which replica a call will be routed to, and replays the cheapest plan that a search in the simulator found to keep the SLO. The lower bound is of the cheapest counts at the best price of lateness: in expectation over routes nobody who keeps the SLO is below it.</dd>
<dt>Reversals</dt><dd>Decreases of the desired count that an increase follows within 120 s.</dd>
<dt>Replica-seconds</dt><dd>Replicas on nodes integrated over time; starts and drains cost, too.</dd>
<dt>× oracle</dt><dd>Replica-seconds ÷ those of the oracle on the same calls. The oracle knows the load, keeps replicas 70 % busy (Little's law) and ignores the SLO: a scale, no bound on what keeping it costs.</dd>
<dt>Windows served</dt><dd>Windows of ${windowSeconds} s with calls, all of which were answered well ÷ windows with calls.</dd>
<dt>Churn</dt><dd>Sum of the absolute changes of the desired count.</dd>
<dt>Pairs</dt><dd>For one seed every policy gets the same calls with the same work, and begins with the replicas that the first window needs.</dd>
<dt>Intervals</dt><dd>Percentile bootstrap of the mean over ${seeds.length} seeds, 2000 resamples, seeded.</dd>
<dt>Guard</dt><dd>${guard === "on" ? "On, as in the live loop, but for <code>kpa</code> (native 2 s, as Knative runs it), the oracle, foresight, and names that end in <code>@bare</code>." : "Off for every policy."} <code>kpa@30s</code> decides at the end of a window.</dd>
<dt>Seeds</dt><dd>${seeds.join(", ")}</dd>
<dt>Traces</dt><dd>${traces.map(({ name, digest: hex, invocations, durationSeconds }) => `${escaped(name)} ${digest(hex)}: ${grouped(invocations)} recorded calls in ${(durationSeconds / 3600).toFixed(1)} h`).join("<br>")}</dd>
<dt>Profiles</dt><dd>${profileWords(cells).map(escaped).join("; ")}</dd>
${learned.length > 0 ? `<dt>Tuned on</dt><dd>${learned.map(({ name, learnedFrom }) => `${escaped(name)}: ${learnedFrom!.map((trace) => escaped(trace.name)).join(", ")}`).join("<br>")}</dd>` : ""}
<dt>Made by</dt><dd><code>${escaped(made.command)}</code> in ${made.tookSeconds.toFixed(1)} s on ${made.workers} ${made.workers === 1 ? "worker" : "workers"}</dd>
</dl>
</section>`;
}

/** Functions that were drawn for loads share a name; each table shows its own SLO. */
function profileWords(cells: readonly CellSummary[]): string[] {
  const slos = new Map<string, Set<string>>();
  for (const { profile, slo } of cells) slos.set(profile, (slos.get(profile) ?? new Set()).add(sloWords(slo)));
  return [...slos].map(([profile, words]) =>
    words.size === 1 ? `${profile}: SLO ${[...words][0]!}` : `${profile}: ${words.size} SLOs, as the tables say`,
  );
}
