/** Metrics by scraping the platform itself: exact counts between the edges of a window, since it is scraped at the edges. */
import { messageOf } from "#shared/core/errors.ts";
import { expositionParser } from "#shared/metrics/exposition.ts";
import { latencyEdgesOf } from "#shared/metrics/gateway-window.ts";
import { sloFitOf } from "#shared/metrics/late-share.ts";
import { isCounted } from "#shared/metrics/names.ts";
import { CONTAINER_SOURCE, GATEWAY_SOURCE } from "#shared/metrics/reading.ts";
import { ScrapeCheck, type BelievedScrape, type RefusedScrape } from "#shared/metrics/scrape-check.ts";
import { SampleStore } from "#shared/metrics/store.ts";
import { buildTick, buildWindow } from "#shared/metrics/window-builder.ts";
import type { AskedFunction, MetricsEndpoint, MetricsSource } from "#shared/ports/metrics-source.ts";

/** The endpoints to scrape, and the time-lapse of trace time. */
export interface ScrapedSourceOptions {
  readonly endpoint: MetricsEndpoint;
  readonly timeLapse: number;
}

/** Measures by scraping both endpoints at each instant. */
export function scrapedSource({ endpoint, timeLapse }: ScrapedSourceOptions): MetricsSource {
  const store = new SampleStore();
  const parse = expositionParser();
  const checks: Readonly<Record<string, ScrapeCheck>> = {
    [GATEWAY_SOURCE]: new ScrapeCheck({ of: "the gateway's metrics", mayBeEmpty: false }),
    [CONTAINER_SOURCE]: new ScrapeCheck({ of: "the containers' metrics", mayBeEmpty: true }),
  };

  /** Null, or why the text is of no use. */
  function take(source: string, atMs: number, text: string | null): string | null {
    const scrape = read(source, atMs, text);
    if (scrape.kind === "refused") {
      store.appendFailure(source, atMs);
      return scrape.because;
    }
    const { samples, unusable, rebased, isRestart } = scrape;
    // What a process has once counted it goes on counting: only with it does a counter go.
    const { missed, refused } = store.append(source, atMs, samples, {
      unusable,
      rebased,
      isGone: ({ name }) => isRestart || !isCounted(name),
    });
    const [lost] = missed;
    if (lost !== undefined) {
      return `metrics of the ${source} lack ${missed.length} series that they had, '${lost.key.slice(0, 200)}' among them`;
    }
    const [beyond] = refused;
    if (beyond !== undefined) {
      return `metrics of the ${source} have ${refused.length} series more than are kept, '${beyond.key.slice(0, 200)}' among them: what they are about is not measured`;
    }
    const [first] = unusable;
    if (first === undefined) return null;
    return `metrics of the ${source} say of ${unusable.length} series what cannot be, '${first.key.slice(0, 200)}' among them`;
  }

  function read(source: string, atMs: number, text: string | null): BelievedScrape | RefusedScrape {
    if (text === null) return { kind: "refused", because: null };
    try {
      return checks[source]!.check(text, parse(text), atMs);
    } catch (thrown) {
      return { kind: "refused", because: `metrics of the ${source} cannot be read: ${messageOf(thrown)}` };
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
          ending &&
          buildWindow(store, {
            ...specOf(about, timeLapse),
            ...ending,
            endedAtMs: atMs,
            mode: "exact",
            sloSeconds: about.sloSeconds,
          }),
        sloFit: (about) =>
          ending && sloFitOf(latencyEdgesOf(store, about, atMs), { sloSeconds: about.sloSeconds, timeLapse }),
      };
    },
  };
}

function specOf({ functionName, namespace, replicas }: AskedFunction, timeLapse: number) {
  return { functionName, namespace, timeLapse, ...(replicas && { replicas }) };
}
