/** A calibration and a comparison for people: the ladders, each parameter with its error, what was reached and what was not. */
import type { Comparison, ReplayComparison } from "#shared/live/calibration/compare/comparison.ts";
import type { Ranking, Taus } from "#shared/live/calibration/compare/ranking.ts";
import type { ComparedWindow, ErrorRow } from "#shared/sim/calibration/comparison.ts";
import type { Calibration } from "#shared/sim/calibration/fit.ts";
import type { Measurements } from "#shared/sim/calibration/measurements.ts";
import { median, medianRelativeError, quantile } from "#shared/sim/calibration/statistics.ts";

/** The lines of a calibration: ladders, steps, lag and parameters. */
export function calibrationLines(measured: Measurements, { fits, work, workError, kept }: Calibration): string[] {
  return [
    "",
    "no-op ladder       offered    answered   failed    P50 ms    P95 ms    P99 ms",
    ...measured.noOp.map(({ offeredRps, answeredRps, failed, latencySeconds }) =>
      [
        `${number(offeredRps, 0)} rps`.padStart(26),
        `${number(answeredRps, 1)} rps`.padStart(11),
        number(failed, 0).padStart(8),
        ...[0.5, 0.95, 0.99].map((share) => ms(quantile(latencySeconds, share)).padStart(9)),
      ].join(" "),
    ),
    `  16 waiting callers are answered ${number(measured.ceilingRps, 0)} times a second`,
    "",
    "work ladder          limit        work   measured P50   model   error    calls",
    ...work.map(({ limitCores, workSeconds, measuredSeconds, modelledSeconds, samples }) =>
      [
        `${number(limitCores * 1000, 0)} m`.padStart(26),
        `${ms(workSeconds)} ms`.padStart(11),
        `${ms(measuredSeconds)} ms`.padStart(14),
        ms(modelledSeconds).padStart(7),
        percent(measuredSeconds === null ? null : (modelledSeconds - measuredSeconds) / measuredSeconds).padStart(7),
        number(samples, 0).padStart(8),
      ].join(" "),
    ),
    ...measured.saturation.map(
      ({ limitCores, workSeconds, rps }) =>
        `  ${ms(workSeconds)} ms at ${number(limitCores * 1000, 0)} m, without a pause: ${number(rps, 1)} a second`,
    ),
    `  median error of the CFS model: ${percent(workError)}`,
    "",
    "steps of the count     call ms   first s    last s   failed calls",
    ...measured.steps.map(({ from, to, applied, callSeconds, starts, reachedSeconds, calls, failed }) =>
      [
        `${from} → ${to}${applied === to ? "" : ` (${applied})`}`.padStart(18),
        ms(callSeconds).padStart(11),
        number(starts[0]?.seconds ?? null, 2).padStart(9),
        number(reachedSeconds, 2).padStart(9),
        `${failed} of ${calls}`.padStart(14),
      ].join(" "),
    ),
    "",
    ...lagLines(measured),
    "",
    "parameter (trace time)        value                 error",
    ...fits.map(({ parameter, value, unit, error, errorMeaning, samples, how }) =>
      [
        parameter.padEnd(24),
        number(value, 4).padStart(10),
        unit.padEnd(6),
        (error === null ? "–" : number(error, 3)).padStart(10),
        ` ${errorMeaning === "" ? how : `${errorMeaning}, ${samples} samples; ${how}`}`,
      ].join(" "),
    ),
    `not measured, so the simulator's own values are used: ${kept.join(", ")}`,
  ];
}

function lagLines({ arrivalsLag, cpuLag }: Measurements): string[] {
  return Object.entries({ arrivals: arrivalsLag, CPU: cpuLag }).map(([what, lag]) =>
    lag === null
      ? `${what} as the metrics show them: not measured`
      : `${what} as the metrics show them: ${number(lag.lagSeconds, 1)} s behind (correlation ${number(lag.correlation, 2)})`,
  );
}

function number(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}

function ms(seconds: number | null): string {
  return seconds === null ? "–" : (seconds * 1_000).toFixed(1);
}

function percent(share: number | null): string {
  return share === null ? "–" : `${(share * 100).toFixed(1)} %`;
}

const NAMES = {
  throughputRps: "throughput",
  p95Seconds: "P95",
  cpuRatio: "CPU ratio",
  readyReplicas: "ready replicas",
} as const satisfies Record<keyof ComparedWindow, string>;

/** The lines of a comparison: windows, errors, and the order of the policies. */
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
    errorText(row).padStart(11),
    `≤ ${row.kind === "relative" ? percent(goal) : number(goal, 2)}`.padStart(10),
    verdict.padEnd(12),
    ...others.map((other) => errorText(other).padStart(13)),
  ].join(" ");
}

function errorText({ kind, medianError }: ErrorRow): string {
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
