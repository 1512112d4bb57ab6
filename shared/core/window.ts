/** A closed span of metrics of one function. What could not be measured is `null` and named in `missing`; never 0. */

/** Length of a window by default, and of every window that is simulated; seconds of trace time. */
export const WINDOW_SECONDS = 30;

/** Latencies as the caller sees them, seconds; null where they were not measured. */
export interface LatencyQuantiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Of the requests that ended, the share that broke the function's SLO: late, failed or turned away. */
export interface LateShare {
  /** 0…1; null where nothing ended, or where it is not known. */
  readonly share: number | null;
  /** Why the share is not known, or how it was estimated, in words; null where it is exact. */
  readonly because: string | null;
}

/** Completions that were not 2xx/3xx, by class. */
export interface ErrorCounts {
  /** Client errors but 429. */
  readonly "4xx": number;
  /** Refused by `max_inflight`. */
  readonly "429": number;
  /** Server errors but 504. */
  readonly "5xx": number;
  /** Cut off by `exec_timeout`. */
  readonly "504": number;
}

/** All that failed or was turned away. */
export function failuresOf(error: ErrorCounts): number {
  return error["4xx"] + error["429"] + error["5xx"] + error["504"];
}

/** Everything is in trace time: at time-lapse k, one real second is k seconds here. */
export interface MetricsWindow {
  readonly functionName: string;
  readonly namespace: string;
  /** Chosen by the collector at each of its starts; `seq` and `endedAtMs` compare only within one. Empty in events from before there was one. */
  readonly generation: string;
  /** Grows by 1 from window to window; gaps mean lost windows. */
  readonly seq: number;
  readonly windowSeconds: number;
  readonly endedAtMs: number;
  /** k ≥ 1: trace seconds that pass in a real one. */
  readonly timeLapse: number;
  readonly arrivals: number | null;
  readonly completedOk: number | null;
  readonly completedError: ErrorCounts | null;
  /** Completed OK per second. */
  readonly throughputRps: number | null;
  readonly executionSecondsMean: number | null;
  readonly latencySeconds: LatencyQuantiles;
  readonly late: LateShare;
  readonly inFlightMean: number | null;
  readonly inFlightMax: number | null;
  readonly desiredReplicas: number | null;
  readonly availableReplicas: number | null;
  /** Use ÷ request, mean over replicas. */
  readonly cpuRatio: number | null;
  readonly memoryRatio: number | null;
  /** Age of the newest sample behind this window, seconds. */
  readonly metricAgeSeconds: number | null;
  /** Names of the fields that are null, in the order above; quantiles as `latencySeconds.p95`, the late share as `late.share`. */
  readonly missing: readonly string[];
}

/** Longest history that travels with a window. */
export const HISTORY_WINDOWS = 64;

/** A measured window without its list of what is missing. */
export type MeasuredWindow = Omit<MetricsWindow, "missing">;

/** Completes a window with the names of its null fields. What no count, ratio or time can be is null, never 0. */
export function closeWindow(said: MeasuredWindow): MetricsWindow {
  const { p50, p95, p99 } = said.latencySeconds;
  const { completedError } = said;
  const measured: MeasuredWindow = {
    ...said,
    arrivals: amount(said.arrivals),
    completedOk: amount(said.completedOk),
    completedError: completedError && Object.values(completedError).every(isAmount) ? completedError : null,
    throughputRps: amount(said.throughputRps),
    executionSecondsMean: amount(said.executionSecondsMean),
    latencySeconds: { p50: amount(p50), p95: amount(p95), p99: amount(p99) },
    late: { share: share(said.late.share), because: said.late.because },
    inFlightMean: amount(said.inFlightMean),
    inFlightMax: amount(said.inFlightMax),
    desiredReplicas: replicas(said.desiredReplicas),
    availableReplicas: replicas(said.availableReplicas),
    cpuRatio: amount(said.cpuRatio),
    memoryRatio: amount(said.memoryRatio),
    metricAgeSeconds: amount(said.metricAgeSeconds),
  };
  const missing: string[] = [];
  for (const [key, value] of Object.entries(measured)) {
    if (value === null) missing.push(key);
  }
  for (const quantile of ["p50", "p95", "p99"] as const) {
    if (measured.latencySeconds[quantile] === null) missing.push(`latencySeconds.${quantile}`);
  }
  if (measured.late.share === null) missing.push("late.share");
  return { ...measured, missing };
}

/** The same of a tick, which does not list its nulls. */
export function closeTick(said: Tick): Tick {
  return {
    ...said,
    inFlight: amount(said.inFlight),
    desiredReplicas: replicas(said.desiredReplicas),
    availableReplicas: replicas(said.availableReplicas),
    arrivals: amount(said.arrivals),
    metricAgeSeconds: amount(said.metricAgeSeconds),
  };
}

const isAmount = (value: number) => Number.isFinite(value) && value >= 0;
const amount = (value: number | null) => (value !== null && isAmount(value) ? value : null);
const share = (value: number | null) => (value !== null && isAmount(value) && value <= 1 ? value : null);
const replicas = (value: number | null) =>
  value !== null && isAmount(value) && Number.isInteger(value) ? value : null;

/** A window that a policy may see: arrivals and both replica counts were measured. */
export type DecidableWindow = MetricsWindow & {
  readonly arrivals: number;
  readonly desiredReplicas: number;
  readonly availableReplicas: number;
};

/** Absence means hold: a policy is never run on a window without arrivals and replica counts. */
export function isDecidable(window: MetricsWindow): window is DecidableWindow {
  return window.arrivals !== null && window.desiredReplicas !== null && window.availableReplicas !== null;
}

/** A reading between windows, every 2 s of trace time, so that a burst need not wait for the window's end. */
export interface Tick {
  readonly functionName: string;
  readonly namespace: string;
  /** As in a window. */
  readonly generation: string;
  readonly atMs: number;
  readonly timeLapse: number;
  readonly inFlight: number | null;
  readonly desiredReplicas: number | null;
  readonly availableReplicas: number | null;
  /** Arrivals since the last tick. */
  readonly arrivals: number | null;
  readonly metricAgeSeconds: number | null;
}

/** Of all calls that ended, those that ended well, 0…1; null when none ended. */
export function successShare({ completedOk, completedError }: MetricsWindow): number | null {
  if (completedOk === null || completedError === null) return null;
  const ended = completedOk + failuresOf(completedError);
  return ended > 0 ? completedOk / ended : null;
}
