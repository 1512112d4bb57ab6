/** A comparison for people: what was reached, and what was not. */
import type { ComparedWindow, ErrorRow } from "#shared/sim/calibration/comparison.ts";
import { median, medianRelativeError } from "#shared/sim/calibration/statistics.ts";
import { number, percent } from "../print.ts";
import type { Comparison, ReplayComparison } from "#shared/live/calibration/compare/comparison.ts";
import type { Ranking, Taus } from "#shared/live/calibration/compare/ranking.ts";

const NAMES = {
  throughputRps: "throughput",
  p95Seconds: "P95",
  cpuRatio: "CPU ratio",
  readyReplicas: "ready replicas",
} as const satisfies Record<keyof ComparedWindow, string>;

export function comparisonLines(comparison: Comparison): string[] {
  const { replays, unrefined, noise, refinement, ranking } = comparison;
  const reported = replays.find(({ role }) => role === "reported")!;
  const fitted = replays.find(({ role }) => role === "fitted")!;
  const { cpuSeconds, cpuLimitCores, before, after } = refinement;
  return [
    "",
    ...windowLines(reported),
    "",
    "median error a window   reported     goal             fitted   ladders alone   chance alone",
    ...reported.errors.map((row, i) => errorLine(row, [fitted.errors[i]!, unrefined[i]!, noise[i]!])),
    `  fitted on the other replay: a call's CPU × ${number(cpuSeconds, 3)}, the limit × ${number(cpuLimitCores, 3)} ` +
      `(distance ${number(before, 2)} → ${number(after, 2)})`,
    ...replays.flatMap(({ role, invalidBecause }) =>
      invalidBecause === null ? [] : [`  the ${role} replay did NOT keep its schedule: ${invalidBecause}`],
    ),
    "",
    "policy                    violations live      sim     replica-seconds live      sim",
    ...ranking.rows.map(({ policy, live, simulated, invalidBecause }) =>
      [
        policy.padEnd(24),
        percent(live.sloViolationShare).padStart(16),
        percent(simulated.sloViolationShare).padStart(8),
        number(live.replicaSeconds, 0).padStart(24),
        number(simulated.replicaSeconds, 0).padStart(8),
        invalidBecause === null ? "" : `  NOT valid: ${invalidBecause}`,
      ].join(" "),
    ),
    ...tauLines("SLO violations", ranking, "sloViolations"),
    ...tauLines("replica-seconds", ranking, "replicaSeconds"),
    ...errorOfScores(ranking),
  ];
}

function windowLines({ windows, counts }: ReplayComparison): string[] {
  const pair = (live: number | null, simulated: number | null, digits: number) =>
    `${number(live, digits)} / ${number(simulated, digits)}`.padStart(16);
  return [
    "window   count   rps live / sim   P95 s live / sim    CPU live / sim  ready live / sim",
    ...windows.map(({ index, live, simulated }) =>
      [
        String(index).padStart(6),
        String(counts[index]).padStart(7),
        pair(live.throughputRps, simulated.throughputRps, 2),
        pair(live.p95Seconds, simulated.p95Seconds, 2).padStart(18),
        pair(live.cpuRatio, simulated.cpuRatio, 2),
        pair(live.readyReplicas, simulated.readyReplicas, 0),
      ].join(" "),
    ),
  ];
}

function errorLine(row: ErrorRow, others: readonly ErrorRow[]): string {
  const { quantity, goal, reached } = row;
  const verdict = reached === null ? "not measured" : reached ? "reached" : "MISSED";
  return [
    NAMES[quantity].padEnd(20),
    told(row).padStart(11),
    `≤ ${row.kind === "relative" ? percent(goal) : number(goal, 2)}`.padStart(10),
    verdict.padEnd(12),
    ...others.map((other) => told(other).padStart(13)),
  ].join(" ");
}

function told({ kind, medianError }: ErrorRow): string {
  return kind === "relative" ? percent(medianError) : number(medianError, 3);
}

function tauLines(what: string, ranking: Ranking, field: keyof Taus): string[] {
  const { tau, clearTau, clearPairs, pairs, chance, goal } = ranking;
  const clear = clearTau[field];
  const verdict = clear === null ? "there is no clear order" : clear >= goal ? "reached" : "MISSED";
  return [
    `Kendall τ of the order by ${what}: ${number(clear, 2)} over the ${clearPairs[field]} of ${pairs} pairs that are not within each ` +
      `other's live interval, goal ≥ ${goal}: ${verdict}`,
    `  over all pairs ${number(tau[field], 2)} (one simulation against the mean of all: ${number(chance[field], 2)})`,
  ];
}

/** How far the simulator is off, not only in which order it puts policies. */
function errorOfScores({ rows }: Ranking): string[] {
  const late = median(
    rows.map(({ live, simulated }) => Math.abs(simulated.sloViolationShare - live.sloViolationShare)),
  );
  const costs = rows.map(({ live, simulated }) => ({
    measured: live.replicaSeconds,
    modelled: simulated.replicaSeconds,
  }));
  const cost = percent(medianRelativeError(costs));
  return [`median error of a policy: ${percent(late)} of the requests in violations, ${cost} of the replica-seconds`];
}
