/** Samples → `MetricsWindow` and `Tick`. What was not measured is null and named; the live collector and the simulator share this. */
import { closeTick, closeWindow, type MetricsWindow, type Tick } from "../core/window.ts";
import { cpuRatioOf, memoryRatioOf } from "./container-window.ts";
import { arrivalsOf, completionsOf, executionMeanOf, inFlightOf, latencyBucketsOf } from "./gateway-window.ts";
import { latencyOf } from "./latency.ts";
import { instant } from "./promql.ts";
import { newestAnswerMs, ofFunction, read, type NamedFunction, type Reading, type WindowMode } from "./reading.ts";
import type { SampleStore } from "./store.ts";

/** Replica counts as the platform's API reported them; each goes before the gateway's gauge where it is not null. */
export interface ReplicaReading {
  readonly desiredReplicas: number | null;
  readonly availableReplicas: number | null;
}

/** All instants and lengths are those of the store's samples: trace time. */
export interface WindowSpec extends NamedFunction {
  readonly seq: number;
  readonly windowSeconds: number;
  readonly endedAtMs: number;
  /** Trace seconds per real second. Measured durations are multiplied by it. */
  readonly timeLapse: number;
  readonly mode: WindowMode;
  /** The function's SLO, in trace time. */
  readonly sloSeconds: number;
  readonly replicas?: ReplicaReading;
  /** PromQL mode: the range that rates are taken over; counts are brought to the window's length. Default the window. */
  readonly rangeSeconds?: number;
}

/**
 * Builds the window that ended at `endedAtMs` from sources `gateway` ("A") and `containers` ("B"). In exact mode the collector stamps the
 * scrapes that it makes at a window's edges with the edge's instant; one from up to a quarter of the window before an edge will do.
 */
export function buildWindow(store: SampleStore, spec: WindowSpec): MetricsWindow {
  const { functionName, namespace, seq, windowSeconds, endedAtMs, timeLapse, mode } = spec;
  const rangeSeconds = mode === "promql" ? (spec.rangeSeconds ?? windowSeconds) : windowSeconds;
  const share = windowSeconds / rangeSeconds;
  const reading = read(store, {
    functionName,
    namespace,
    fromMs: endedAtMs - rangeSeconds * 1000,
    toMs: endedAtMs,
    mode,
    edgeToleranceMs: (windowSeconds / 4) * 1000,
    listed: isListed(spec.replicas),
  });
  const completions = completionsOf(reading, share);
  const inFlight = inFlightOf(reading);
  const { quantiles, late } = latencyOf(
    latencyBucketsOf(reading),
    share === 1 ? completions : completionsOf(reading),
    spec,
  );
  return closeWindow({
    functionName,
    namespace,
    // Whoever closes the window says of which one it is.
    generation: "",
    seq,
    windowSeconds,
    endedAtMs,
    timeLapse,
    arrivals: times(arrivalsOf(reading), share),
    completedOk: completions?.ok ?? null,
    completedError: completions?.error ?? null,
    throughputRps: completions ? completions.ok / windowSeconds : null,
    executionSecondsMean: times(executionMeanOf(reading), timeLapse),
    latencySeconds: quantiles,
    late,
    inFlightMean: inFlight?.mean ?? null,
    inFlightMax: inFlight?.max ?? null,
    ...replicasOf(reading, spec.replicas),
    cpuRatio: cpuRatioOf(reading, timeLapse),
    memoryRatio: memoryRatioOf(reading),
    metricAgeSeconds: ageSeconds(store, endedAtMs),
  });
}

/** What `buildTick` is to read. */
export interface TickSpec extends NamedFunction {
  readonly atMs: number;
  /** The tick before this one. */
  readonly sinceMs: number;
  readonly timeLapse: number;
  readonly replicas?: ReplicaReading;
}

/** Builds the tick at `atMs`. Without an answered scrape since the last tick, arrivals and in-flight are unknown, not 0. */
export function buildTick(store: SampleStore, spec: TickSpec): Tick {
  const { functionName, namespace, atMs, sinceMs, timeLapse } = spec;
  const reading = read(store, {
    functionName,
    namespace,
    fromMs: sinceMs,
    toMs: atMs,
    mode: "exact",
    edgeToleranceMs: Infinity,
    listed: isListed(spec.replicas),
  });
  const newestMs = newestAnswerMs(store, atMs);
  const isFresh = newestMs !== null && newestMs > sinceMs;
  return closeTick({
    functionName,
    namespace,
    generation: "",
    atMs,
    timeLapse,
    inFlight: isFresh ? (inFlightOf(reading)?.last ?? null) : null,
    ...replicasOf(reading, spec.replicas),
    arrivals: isFresh ? arrivalsOf(reading) : null,
    metricAgeSeconds: ageSeconds(store, atMs),
  });
}

function isListed(replicas: ReplicaReading | undefined): boolean {
  return replicas !== undefined && replicas.desiredReplicas !== null;
}

function replicasOf(reading: Reading, listed: ReplicaReading | undefined): ReplicaReading {
  const gauge = (metric: string) => {
    for (const series of ofFunction(reading.store, reading.span, metric)) {
      const value = instant(series, reading.span.toMs);
      if (value !== null && Number.isFinite(value)) return value;
    }
    return null;
  };
  return {
    desiredReplicas: listed?.desiredReplicas ?? gauge("gateway_service_count"),
    availableReplicas: listed?.availableReplicas ?? gauge("gateway_service_ready_count"),
  };
}

function ageSeconds(store: SampleStore, atMs: number): number | null {
  const newestMs = newestAnswerMs(store, atMs);
  return newestMs === null ? null : (atMs - newestMs) / 1000;
}

const times = (value: number | null, factor: number) => (value === null ? null : value * factor);
