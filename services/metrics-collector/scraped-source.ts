/** Metrics by scraping the platform itself: exact counts between the edges of a window, since it is scraped at the edges. */
import { messageOf } from "#shared/core/errors.ts";
import { expositionParser } from "#shared/metrics/exposition.ts";
import { CONTAINER_SOURCE, GATEWAY_SOURCE } from "#shared/metrics/reading.ts";
import { SampleStore } from "#shared/metrics/store.ts";
import { buildTick, buildWindow } from "#shared/metrics/window-builder.ts";
import type { AskedFunction, MetricsEndpoint, MetricsSource } from "#shared/ports/metrics-source.ts";

export interface ScrapedSourceOptions {
  readonly endpoint: MetricsEndpoint;
  readonly timeLapse: number;
}

export function scrapedSource({ endpoint, timeLapse }: ScrapedSourceOptions): MetricsSource {
  const store = new SampleStore();
  const parse = expositionParser();

  /** Null, or why the text is of no use. */
  function take(source: string, atMs: number, text: string | null): string | null {
    try {
      if (text !== null) store.append(source, atMs, parse(text).samples);
      else store.appendFailure(source, atMs);
      return null;
    } catch (thrown) {
      store.appendFailure(source, atMs);
      return `metrics of the ${source} that cannot be read: ${messageOf(thrown)}`;
    }
  }

  return {
    async look({ atMs, sinceMs, window: ending }) {
      const { functionMetrics, containerMetrics } = await endpoint.scrape();
      const problems = [
        take(GATEWAY_SOURCE, atMs, functionMetrics),
        take(CONTAINER_SOURCE, atMs, containerMetrics),
        functionMetrics === null ? "the gateway's metrics could not be had" : null,
      ];
      return {
        problems: problems.filter((problem) => problem !== null),
        tick: (about) => buildTick(store, { ...specOf(about, timeLapse), atMs, sinceMs }),
        window: (about) =>
          ending && buildWindow(store, { ...specOf(about, timeLapse), ...ending, endedAtMs: atMs, mode: "exact" }),
      };
    },
  };
}

function specOf({ functionName, namespace, replicas }: AskedFunction, timeLapse: number) {
  return { functionName, namespace, timeLapse, ...(replicas && { replicas }) };
}
