/** Puts a recording's samples into a store and compares promql.ts with what the server answered. */
import { histogramQuantile } from "#shared/metrics/histogram-quantile.ts";
import { increase, instant, rate } from "#shared/metrics/promql.ts";
import type { Series } from "#shared/metrics/series.ts";
import { seriesId } from "#shared/metrics/series-id.ts";
import { SampleStore } from "#shared/metrics/store.ts";

import type { RecordedAnswer, Recording } from "./prometheus-peer.ts";

/** Rebuilds the scrapes, so that the store marks what vanished by itself. */
export function storeOf(recording: Recording): SampleStore {
  const scrapes = new Map<number, { series: ReturnType<typeof seriesId>; value: number; timestampMs: null }[]>();
  for (const { name, labels, samples } of recording.series) {
    for (const [ms, text] of samples) {
      const scrape = scrapes.get(ms) ?? [];
      scrape.push({ series: seriesId(name, labels), value: numberOf(text), timestampMs: null });
      scrapes.set(ms, scrape);
    }
  }
  const store = new SampleStore();
  for (const ms of [...scrapes.keys()].sort((a, b) => a - b)) store.append("t", ms, scrapes.get(ms)!);
  return store;
}

/** One sentence for each answer that differs by more than 1e-9 relative. */
export function differences(recording: Recording): readonly string[] {
  const store = storeOf(recording);
  const found: string[] = [];
  for (const answer of recording.answers) {
    const ours = ourAnswer(store, answer, recording.lookBackMs);
    const theirs = new Map(answer.values.map(({ labels, value }) => [seriesId("", labels).key, numberOf(value)]));
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const [our, their] = [ours.get(key), theirs.get(key)];
      if (our !== undefined && their !== undefined && close(our, their)) continue;
      found.push(
        `${answer.ask}(${answer.name}${key}[${answer.rangeMs}ms], q ${answer.q}) at ${answer.atMs}: ` +
          `${our ?? "nothing"}, but ${recording.server} says ${their ?? "nothing"}`,
      );
    }
  }
  return found;
}

function ourAnswer(store: SampleStore, answer: RecordedAnswer, lookBackMs: number): Map<string, number> {
  const { ask, name, atMs, rangeMs, q } = answer;
  if (ask === "histogram_quantile") {
    const counts = new Map<string, number>();
    for (const series of store.select(`${name}_bucket`)) {
      const [value, le] = [rate(series, atMs, rangeMs), series.id.labels["le"] ?? ""];
      if (value !== null) counts.set(le, (counts.get(le) ?? 0) + value);
    }
    const buckets = [...counts].map(([le, count]) => ({ upperBound: numberOf(le), count }));
    return buckets.length === 0
      ? new Map<string, number>()
      : new Map([[seriesId("").key, histogramQuantile(q, buckets)]]);
  }
  const functions = { rate, increase };
  const of = (series: Series) =>
    ask === "instant" ? instant(series, atMs, lookBackMs) : functions[ask](series, atMs, rangeMs);
  const values = new Map<string, number>();
  for (const series of store.select(name)) {
    const value = of(series);
    if (value !== null) values.set(seriesId("", series.id.labels).key, value);
  }
  return values;
}

function close(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

function numberOf(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}
