/** A step of the rate, seen by the client and through the metrics: how far do these lie behind? */
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { parseExposition, type Sample } from "../../metrics/exposition.ts";
import { fitLag, ratesOf, type LagFit } from "../../sim/calibration/lag.ts";
import type { MetricsEndpoint } from "../../ports/metrics-source.ts";
import type { Caller } from "./caller.ts";
import { CALIBRATED_NAME } from "./place.ts";

const BIN_SECONDS = 0.2;
const MAX_LAG_SECONDS = 30;
const READ_EVERY_MS = 100;
/** Real CPU time of a call: enough to be seen in the CPU counters. */
const CPU_MS = 3;
/** Quiet, busy, quiet: calls per second. */
const RATES = [2, 25, 2] as const;

interface Reading {
  readonly atSeconds: number;
  readonly count: number;
}

/** How far metrics lie behind, by kind. */
export interface Lags {
  readonly arrivalsLag: LagFit | null;
  readonly cpuLag: LagFit | null;
}

/** Takes `seconds`. What the metrics do not show has no lag: null. */
export async function observationLag(
  caller: Caller,
  metrics: MetricsEndpoint,
  seconds: number,
  signal: AbortSignal,
): Promise<Lags> {
  const startMs = performance.now();
  const now = () => (performance.now() - startMs) / 1_000;
  const sent: Reading[] = [];
  const arrivals: Reading[] = [];
  const cpu: Reading[] = [];
  const calling = (async () => {
    const pending: Promise<unknown>[] = [];
    while (now() < seconds && !signal.aborted) {
      const rate = RATES[Math.min(RATES.length - 1, Math.floor((now() / seconds) * RATES.length))]!;
      sent.push({ atSeconds: now(), count: sent.length + 1 });
      pending.push(caller.call(CPU_MS));
      await clock.sleep(1_000 / rate, signal);
    }
    await Promise.all(pending);
  })();
  while (now() < seconds && !signal.aborted) {
    const { functionMetrics, containerMetrics } = await metrics.scrape();
    note(arrivals, now(), functionMetrics, isArrivals);
    note(cpu, now(), containerMetrics, isCpu);
    await clock.sleep(READ_EVERY_MS, signal);
  }
  await calling;
  const bins = Math.floor(seconds / BIN_SECONDS);
  const mostBins = Math.min(Math.floor(MAX_LAG_SECONDS / BIN_SECONDS), Math.floor(bins / 2));
  const truth = ratesOf([{ atSeconds: 0, count: 0 }, ...sent], { binSeconds: BIN_SECONDS, bins });
  const lagOf = (readings: readonly Reading[]) =>
    fitLag(truth, ratesOf(readings, { binSeconds: BIN_SECONDS, bins }), { binSeconds: BIN_SECONDS, mostBins });
  return { arrivalsLag: lagOf(arrivals), cpuLag: lagOf(cpu) };
}

function note(readings: Reading[], atSeconds: number, text: string | null, isOurs: (sample: Sample) => boolean): void {
  if (text === null) return;
  const ours = parseExposition(text).filter(isOurs);
  if (ours.length > 0) readings.push({ atSeconds, count: ours.reduce((sum, { value }) => sum + value, 0) });
}

function isArrivals({ series: { name, labels } }: Sample): boolean {
  const function_name = labels["function_name"] ?? "";
  return (
    name === "gateway_function_invocation_started" &&
    (function_name === CALIBRATED_NAME || function_name.startsWith(`${CALIBRATED_NAME}.`))
  );
}

function isCpu({ series: { name, labels } }: Sample): boolean {
  return name === "container_cpu_usage_seconds_total" && labels["container"] === CALIBRATED_NAME;
}
