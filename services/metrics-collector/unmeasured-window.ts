/** A window of which nothing was measured: nobody looked at its edges in time. Its replicas are those listed now. */
import { closeWindow, type MetricsWindow } from "#shared/core/window.ts";
import type { AskedFunction } from "#shared/ports/metrics-source.ts";

type Span = Pick<MetricsWindow, "seq" | "windowSeconds" | "endedAtMs" | "timeLapse">;

/** The window of that span and function, with nothing measured in it. */
export function unmeasuredWindow(
  { seq, windowSeconds, endedAtMs, timeLapse }: Span,
  { functionName, namespace, replicas }: AskedFunction,
): MetricsWindow {
  return closeWindow({
    ...{ functionName, namespace, generation: "", seq, windowSeconds, endedAtMs, timeLapse },
    ...{ arrivals: null, completedOk: null, completedError: null, throughputRps: null },
    executionSecondsMean: null,
    latencySeconds: { p50: null, p95: null, p99: null },
    late: { share: null, because: "not measured" },
    ...{ inFlightMean: null, inFlightMax: null },
    desiredReplicas: replicas?.desiredReplicas ?? null,
    availableReplicas: replicas?.availableReplicas ?? null,
    ...{ cpuRatio: null, memoryRatio: null, metricAgeSeconds: null },
  });
}
