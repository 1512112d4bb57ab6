/** What the gateway's own metrics say of a function over a window. Times are as measured, in real seconds. */
import { isOk, upperBoundOf, type CodeBucket, type Completions } from "./latency.ts";
import { instant } from "./promql.ts";
import { gainsBy, GATEWAY_SOURCE, isWhole, ofFunction, type NamedFunction, type Reading } from "./reading.ts";
import type { Series } from "./series.ts";
import type { SampleStore } from "./store.ts";

const STARTED = "gateway_function_invocation_started";
const ENDED = "gateway_function_invocation_total";
const BUCKETS = "gateway_functions_seconds_bucket";

const codeOf = (series: Series) => series.id.labels.code ?? "";
const all = () => "";
const total = (gains: ReadonlyMap<string, number> | null) => (gains === null ? null : (gains.get("") ?? 0));

/** Invocations begun. */
export function arrivalsOf(reading: Reading): number | null {
  return total(gainsBy(reading, STARTED, all));
}

/** Invocations ended, by what the caller got: 2xx and 3xx are OK. Each count is taken `share` times. */
export function completionsOf(reading: Reading, share = 1): Completions | null {
  const gains = gainsBy(reading, ENDED, codeOf);
  if (gains === null) return null;
  let ok = 0;
  const error = { "4xx": 0, "429": 0, "5xx": 0, "504": 0 };
  for (const [code, whole] of gains) {
    const gain = whole * share;
    if (code === "429" || code === "504") error[code] += gain;
    else if (isOk(code)) ok += gain;
    else if (code.startsWith("4")) error["4xx"] += gain;
    else error["5xx"] += gain;
  }
  return { ok, error };
}

/** Mean over invocations of every code that ended in the window (failures take time, too); null when none ended. */
export function executionMeanOf(reading: Reading): number | null {
  const sum = total(gainsBy(reading, "gateway_functions_seconds_sum", all));
  const count = total(gainsBy(reading, "gateway_functions_seconds_count", all));
  return sum !== null && count !== null && count > 0 ? sum / count : null;
}

/** Latencies of what ended in the window, by code; null where they are not known. */
export function latencyBucketsOf(reading: Reading): readonly CodeBucket[] | null {
  const gains = gainsBy(reading, BUCKETS, ({ id: { labels } }) => `${labels.code ?? ""}/${labels.le ?? ""}`);
  if (gains === null) return null;
  const unsure = newEdges(reading);
  return [...gains].flatMap(([key, count]) => {
    const [code, le] = key.split("/") as [string, string];
    return unsure.has(le) ? [] : [{ code, upperBound: upperBoundOf(le), count }];
  });
}

/** Edges that a histogram gained in this span while it was counting: on which side of them its earlier requests lie is not known. */
function newEdges({ store, span }: Reading): ReadonlySet<string> {
  const buckets = ofFunction(store, span, BUCKETS).map((series) => {
    const { code = "", le = "" } = series.id.labels;
    return { code, le, wasThere: series.indexAt(span.fromMs) >= 0 };
  });
  const counting = new Set(buckets.filter(({ wasThere }) => wasThere).map(({ code }) => code));
  return new Set(buckets.flatMap(({ code, le, wasThere }) => (!wasThere && counting.has(code) ? [le] : [])));
}

/** Edges that its histogram has at that instant, real seconds; +Inf among them. */
export function latencyEdgesOf(store: SampleStore, about: NamedFunction, atMs: number): readonly number[] {
  const buckets = ofFunction(store, about, BUCKETS).filter((series) => instant(series, atMs) !== null);
  return buckets.map(({ id: { labels } }) => upperBoundOf(labels.le ?? ""));
}

/** Invocations in flight over a span, as its scrapes show them. */
export interface InFlight {
  readonly mean: number;
  readonly max: number;
  /** At the last scrape of the span; null when that one missed something. */
  readonly last: number | null;
}

/**
 * Started less ended (counters move when an invocation ends), at each scrape after the span's start; never below 0, where
 * a call was counted as ended that had not been counted as started. Null when no scrape of the span was complete.
 */
export function inFlightOf(reading: Reading): InFlight | null {
  const { store, span, listed } = reading;
  if (!isWhole(reading, STARTED) || !isWhole(reading, ENDED)) return null;
  const started = ofFunction(store, span, STARTED);
  const ended = ofFunction(store, span, ENDED);
  const up = store.scrapes(GATEWAY_SOURCE);
  if (!up || (started.length === 0 && !listed)) return null;

  let sum = 0;
  let scrapes = 0;
  let max = 0;
  let last: number | null = null;
  for (let i = up.indexAt(span.fromMs) + 1, end = up.indexAt(span.toMs); i <= end; i++) {
    if (up.value(i) === 0) continue;
    const atMs = up.timeMs(i);
    const [begun, over] = [sumAt(started, atMs), sumAt(ended, atMs)];
    last = begun === null || over === null ? null : Math.max(0, begun - over);
    if (last === null) continue;
    max = Math.max(max, last);
    sum += last;
    scrapes++;
  }
  return scrapes === 0 ? null : { mean: sum / scrapes, max, last };
}

/** Sum of what one scrape said; a counter that was not in it had counted nothing. Null where it should have been in it. */
function sumAt(list: readonly Series[], atMs: number): number | null {
  let sum = 0;
  for (const series of list) {
    const i = series.indexAt(atMs);
    if (i < 0 || series.timeMs(i) !== atMs) continue;
    if (series.mark(i) === "unreachable") return null;
    if (series.isSample(i)) sum += series.value(i);
  }
  return sum;
}
