/** One function's part of a store, over one span: the ground on which its window is built. */
import { knownDelta } from "./counter-delta.ts";
import { increase, instant } from "./promql.ts";
import type { Series } from "./series.ts";
import type { SampleStore } from "./store.ts";

/**
 * `exact`: the source is scraped at the edges of the window, and differences are whole; `promql`: it is scraped when
 * Prometheus likes, and differences are Prometheus's extrapolations.
 */
export type WindowMode = "exact" | "promql";

/** Names under which the store's sources are filled. */
export const GATEWAY_SOURCE = "gateway";
/** As `GATEWAY_SOURCE`, for the containers' metrics. */
export const CONTAINER_SOURCE = "containers";

/** A function by its name and namespace. */
export interface NamedFunction {
  readonly functionName: string;
  readonly namespace: string;
}

/** The span of time over which a function's metrics are read, and how. */
export interface Span extends NamedFunction {
  readonly fromMs: number;
  readonly toMs: number;
  readonly mode: WindowMode;
  /** Exact mode: how much before an edge its scrape may lie. */
  readonly edgeToleranceMs: number;
  /** The platform's own list has the function, whatever the gateway's gauges say. */
  readonly listed?: boolean | undefined;
}

/** A span of the store, with what is known of the gateway's answers in it. */
export interface Reading {
  readonly store: SampleStore;
  readonly span: Span;
  /** The gateway's counters are known over this span. */
  readonly answered: boolean;
  /** The gateway knows the function: then a counter that is not there has counted nothing. */
  readonly listed: boolean;
}

const LISTED = "gateway_service_count";

/** Prepares the reading of a span: whether the gateway answered, and whether it lists the function. */
export function read(store: SampleStore, span: Span): Reading {
  const isThere = (series: Series) => instant(series, span.toMs) !== null;
  // A page that has other functions' gauges and not this one's is not whole, whatever the platform's list says.
  const listed =
    ofFunction(store, span, LISTED).some(isThere) || (span.listed === true && !store.select(LISTED).some(isThere));
  return { store, span, answered: isAnswered(store, span), listed };
}

/** The function's series of a gateway metric; the label holds `<name>.<namespace>`, or the bare name where that is not used. */
export function ofFunction(store: SampleStore, about: NamedFunction, metric: string): readonly Series[] {
  const qualified = store.select(metric, "function_name", `${about.functionName}.${about.namespace}`);
  return qualified.length > 0 ? qualified : store.select(metric, "function_name", about.functionName);
}

/** Whether all that was said of the function under that name during the span is in the store. */
export function isWhole({ store, span }: Reading, metric: string): boolean {
  const { functionName, namespace, fromMs } = span;
  return ![`${functionName}.${namespace}`, functionName].some((name) =>
    store.isRefused(metric, "function_name", name, fromMs),
  );
}

/** What a counter gained over the span, by the span's mode; null when there was nothing to count. */
function gained({ span }: Reading, series: Series): number | null | "unknown" {
  const { fromMs, toMs, mode } = span;
  if (mode === "exact") return knownDelta(series, span);
  const gain = increase(series, toMs, toMs - fromMs);
  if (gain === null) return series.indexAt(toMs) >= 0 ? "unknown" : null;
  return Number.isFinite(gain) ? gain : "unknown";
}

/**
 * Gains of a gateway counter, summed over series of the same key. Null when the gateway did not answer, when it does not
 * know the function, when one of its series is not known or was refused, or (Prometheus needs two samples) none can. An empty map
 * is a measurement: the gateway lists the function and never counted anything for it.
 */
export function gainsBy<K>(
  reading: Reading,
  metric: string,
  keyOf: (series: Series) => K,
): ReadonlyMap<K, number> | null {
  if (!reading.answered || !isWhole(reading, metric)) return null;
  const gains = new Map<K, number>();
  let unknown = 0;
  for (const series of ofFunction(reading.store, reading.span, metric)) {
    const gain = gained(reading, series);
    const key = keyOf(series);
    if (gain === "unknown") {
      if (reading.span.mode === "exact") return null;
      unknown++;
    } else if (gain !== null) gains.set(key, (gains.get(key) ?? 0) + gain);
  }
  return gains.size > 0 || (unknown === 0 && reading.listed) ? gains : null;
}

/** The newest answered scrape of the gateway at or before `atMs`, or null. */
export function newestAnswerMs(store: SampleStore, atMs: number): number | null {
  const up = store.scrapes(GATEWAY_SOURCE);
  if (!up) return null;
  let i = up.indexAt(atMs);
  while (i >= 0 && up.value(i) === 0) i--;
  return i >= 0 ? up.timeMs(i) : null;
}

function isAnswered(store: SampleStore, { fromMs, toMs, mode, edgeToleranceMs }: Span): boolean {
  const answeredBy = (edgeMs: number, toleranceMs: number) => {
    const answerMs = newestAnswerMs(store, edgeMs);
    return answerMs !== null && answerMs >= edgeMs - toleranceMs;
  };
  if (mode === "promql") return answeredBy(toMs, toMs - fromMs);
  return answeredBy(fromMs, edgeToleranceMs) && answeredBy(toMs, edgeToleranceMs);
}
