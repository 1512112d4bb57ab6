/** The report's text and tables. */
import type { Interval } from "#shared/evaluation/bootstrap.ts";
import type { EvaluationRow } from "#shared/evaluation/rows.ts";
import type { CellSummary, EvaluationResult } from "../result.ts";
import { isSameCell } from "../table.ts";
import { escaped, grouped } from "./html.ts";

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

export function resultsSection({ cells, rows }: EvaluationResult): string {
  const tables = cells.map((cell) =>
    tableSection(
      cell,
      rows.filter((row) => isSameCell(row, cell)),
    ),
  );
  return `<section aria-labelledby="results">
<h2 id="results">Results</h2>
<p>Means over seeds, with 95 % bootstrap intervals in brackets. A dot marks policies that no other beats on both violations and
replica-seconds.</p>
${tables.join("\n")}
</section>`;
}

function loadName({ trace, rateScale, profile }: Pick<CellSummary, "trace" | "rateScale" | "profile">): string {
  return `${escaped(trace)} × ${rateScale} <span class="word">${escaped(profile)}</span>`;
}

function tableSection(cell: CellSummary, rows: readonly EvaluationRow[]): string {
  const head = [
    ["policy", ""],
    ["SLO violations", "% of calls"],
    ["replica-seconds", "thousands"],
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
<caption><strong>${loadName(cell)}</strong><br>${grouped(cell.calls)} calls; SLO ${cell.sloP95Seconds} s; ${neededWords(cell)}at most ${cell.maxReplicas} allowed</caption>
<thead><tr>${head.map(([name, unit]) => `<th scope="col">${name}<span class="unit">${unit}</span></th>`).join("")}</tr></thead>
<tbody>
${rows.map(rowOf).join("\n")}
</tbody></table></div>`;
}

function neededWords({ needed }: CellSummary): string {
  if (needed === null) return "";
  return `replicas needed at 70 % use: ${needed.mean.toFixed(1)} on average, ${needed.peak} at the peak; `;
}

function rowOf(row: EvaluationRow): string {
  const cells = [
    withInterval(row.sloViolationShare, (share) => (share * 100).toFixed(2)),
    withInterval(row.replicaSeconds, (value) => (value / 1000).toFixed(1)),
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

export function figuresSection({ cells, seeds }: EvaluationResult): string {
  return `<section aria-labelledby="pareto">
<h2 id="pareto">Violations against cost</h2>
<p>Each point is a policy's mean over seeds, its bars the 95 % intervals. Left and down is better; the line joins those that nobody
beats. The diamond is the oracle: perfect foresight at 70 % use, a bound on cost rather than a rival.</p>
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
<dt>SLO violations</dt><dd>Calls slower than the SLO or failed ÷ all calls.</dd>
<dt>Replica-seconds</dt><dd>Replicas on nodes integrated over time; starts and drains cost, too.</dd>
<dt>× oracle</dt><dd>Replica-seconds ÷ those of the oracle on the same calls. The oracle knows all arrivals and keeps replicas 70 % busy (Little's law); with random routing that is late for some calls, so a policy may well be better at a higher cost.</dd>
<dt>Windows served</dt><dd>Windows of ${windowSeconds} s with calls, all of which were answered well ÷ windows with calls.</dd>
<dt>Churn</dt><dd>Sum of the absolute changes of the desired count.</dd>
<dt>Pairs</dt><dd>For one seed every policy gets the same calls with the same work, and begins with the replicas that the first window needs.</dd>
<dt>Intervals</dt><dd>Percentile bootstrap of the mean over ${seeds.length} seeds, 2000 resamples, seeded.</dd>
<dt>Guard</dt><dd>${guard === "on" ? "On, as in the live loop, but for <code>kpa</code> (native 2 s, as Knative runs it), the oracle, and names that end in <code>@bare</code>." : "Off for every policy."} <code>kpa@30s</code> decides at the end of a window.</dd>
<dt>Seeds</dt><dd>${seeds.join(", ")}</dd>
<dt>Traces</dt><dd>${traces.map(({ name, digest: hex, invocations, durationSeconds }) => `${escaped(name)} ${digest(hex)}: ${grouped(invocations)} recorded calls in ${(durationSeconds / 3600).toFixed(1)} h`).join("<br>")}</dd>
<dt>Profiles</dt><dd>${[...new Map(cells.map((cell) => [cell.profile, cell])).values()].map(({ profile, sloP95Seconds }) => `${escaped(profile)}: SLO ${sloP95Seconds} s`).join("; ")}</dd>
${learned.length > 0 ? `<dt>Tuned on</dt><dd>${learned.map(({ name, learnedFrom }) => `${escaped(name)}: ${learnedFrom!.map((trace) => escaped(trace.name)).join(", ")}`).join("<br>")}</dd>` : ""}
<dt>Made by</dt><dd><code>${escaped(made.command)}</code> in ${made.tookSeconds.toFixed(1)} s on ${made.workers} ${made.workers === 1 ? "worker" : "workers"}</dd>
</dl>
</section>`;
}
