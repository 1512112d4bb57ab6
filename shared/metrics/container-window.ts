/** CPU and memory of a function's replicas, as shares of what they request. */
import { instant, rate } from "./promql.ts";
import type { Reading } from "./reading.ts";
import type { Series } from "./series.ts";

const REQUESTS = "kube_pod_container_resource_requests";

/**
 * CPU use ÷ request. Exact: CPU-seconds used ÷ CPU-seconds requested over the time each replica was seen, so that one
 * born half-way counts half. PromQL: the mean over replicas of `rate` ÷ request. `timeLapse` turns CPU-seconds, which are real, per second of
 * the samples' time into cores: the ratio itself is the same in either time. Null when no replica with a request has two samples.
 */
export function cpuRatioOf(reading: Reading, timeLapse: number): number | null {
  const { fromMs, toMs, mode } = reading.span;
  if (!isWhole(reading, "container_cpu_usage_seconds_total")) return null;
  const requests = requestsOf(reading, "cpu");
  let weighted = 0;
  let weights = 0;
  for (const series of ofReplicas(reading, "container_cpu_usage_seconds_total")) {
    const request = requests.get(series.id.labels.pod ?? "");
    if (request === undefined) continue;
    if (mode === "exact") {
      const use = usedWhileSeen(series, fromMs, toMs);
      if (!use) continue;
      weighted += use.gained * timeLapse;
      weights += request * use.seconds;
    } else {
      const perSecond = rate(series, toMs, toMs - fromMs);
      if (perSecond === null) continue;
      weighted += (perSecond * timeLapse) / request;
      weights++;
    }
  }
  return finite(weighted / weights);
}

/** Memory in use ÷ request at the window's end, mean over the replicas there; null when none has a request. */
export function memoryRatioOf(reading: Reading): number | null {
  if (!isWhole(reading, "container_memory_working_set_bytes")) return null;
  const requests = requestsOf(reading, "memory");
  let sum = 0;
  let replicas = 0;
  for (const series of ofReplicas(reading, "container_memory_working_set_bytes")) {
    const request = requests.get(series.id.labels.pod ?? "");
    const bytes = instant(series, reading.span.toMs);
    if (request === undefined || bytes === null) continue;
    sum += bytes / request;
    replicas++;
  }
  return finite(sum / replicas);
}

/** A mean over the replicas that the store had room for would be of some of them. */
function isWhole({ store, span }: Reading, metric: string): boolean {
  return ![metric, REQUESTS].some((name) => store.isRefused(name, "container", span.functionName, span.fromMs));
}

/** The container of a function's pod has the function's name. */
function ofReplicas({ store, span }: Reading, metric: string): Series[] {
  return store.select(metric, "container", span.functionName).filter((s) => s.id.labels.namespace === span.namespace);
}

/** Request by pod, in cores or bytes; of pods that ended in the window, too. */
function requestsOf(reading: Reading, resource: "cpu" | "memory"): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const series of ofReplicas(reading, REQUESTS)) {
    if (series.id.labels.resource !== resource) continue;
    let i = series.indexAt(reading.span.toMs);
    while (i >= 0 && !series.isSample(i)) i--;
    if (i >= 0 && series.value(i) > 0) requests.set(series.id.labels.pod ?? "", series.value(i));
  }
  return requests;
}

/** Between the first and the last sample inside the span; null with fewer than two. */
function usedWhileSeen(series: Series, fromMs: number, toMs: number): { gained: number; seconds: number } | null {
  let gained = 0;
  let firstMs = NaN;
  let lastMs = NaN;
  let before = 0;
  for (let i = Math.max(0, series.indexAt(fromMs)), end = series.indexAt(toMs); i <= end; i++) {
    if (!series.isSample(i) || series.timeMs(i) < fromMs) continue;
    const value = series.value(i);
    if (Number.isNaN(firstMs)) firstMs = series.timeMs(i);
    else gained += value < before ? value : value - before;
    before = value;
    lastMs = series.timeMs(i);
  }
  return lastMs > firstMs ? { gained, seconds: (lastMs - firstMs) / 1000 } : null;
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);
