/** A calibration for people: the ladders, and each parameter with its error. */
import type { Calibration } from "#shared/sim/calibration/fit.ts";
import type { Measurements } from "#shared/sim/calibration/measurements.ts";
import { quantile } from "#shared/sim/calibration/statistics.ts";

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
    `not measured, so the simulator's own values stand: ${kept.join(", ")}`,
  ];
}

function lagLines({ arrivalsLag, cpuLag }: Measurements): string[] {
  return Object.entries({ arrivals: arrivalsLag, CPU: cpuLag }).map(([what, lag]) =>
    lag === null
      ? `${what} as the metrics tell them: not measured`
      : `${what} as the metrics tell them: ${number(lag.lagSeconds, 1)} s behind (correlation ${number(lag.correlation, 2)})`,
  );
}

export function number(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}

function ms(seconds: number | null): string {
  return seconds === null ? "–" : (seconds * 1_000).toFixed(1);
}

export function percent(share: number | null): string {
  return share === null ? "–" : `${(share * 100).toFixed(1)} %`;
}
