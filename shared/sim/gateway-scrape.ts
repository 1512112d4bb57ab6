/** Puts the gateway's counters into a store, as a scrape of its metrics would. */
import { GATEWAY_SOURCE } from "../metrics/reading.ts";
import type { Series } from "../metrics/series.ts";
import { seriesId } from "../metrics/series-id.ts";
import type { SampleStore } from "../metrics/store.ts";
import { CODES, type GatewayCounters } from "./gateway-counters.ts";

interface CodeSeries {
  readonly total: Series;
  readonly sum: Series;
  readonly count: Series;
  readonly buckets: readonly Series[];
}

/** Scrapes the gateway's counters into a store. */
export class GatewayScrape {
  readonly #store: SampleStore;
  readonly #counters: GatewayCounters;
  readonly #label: string;
  #started: Series | undefined;
  /** By code; a counter is there from its first count on, as client libraries have it. */
  readonly #byCode: (CodeSeries | undefined)[] = CODES.map(() => undefined);

  constructor(store: SampleStore, counters: GatewayCounters, functionName: string, namespace: string) {
    this.#store = store;
    this.#counters = counters;
    this.#label = `${functionName}.${namespace}`;
  }

  /** All of the metrics, or only what gives in-flight calls: the rest is not needed until a window ends. */
  answer(atMs: number, extent: "all" | "in-flight"): void {
    this.#store.noteScrape(GATEWAY_SOURCE, atMs, true);
    const { started, ended, sumSeconds } = this.#counters;
    if (started === 0) return;
    this.#started ??= this.#make("gateway_function_invocation_started", {});
    this.#started.push(atMs, started);
    for (let code = 0; code < CODES.length; code++) {
      if (ended[code] === 0) continue;
      const series = (this.#byCode[code] ??= this.#makeCode(CODES[code]!));
      series.total.push(atMs, ended[code]!);
      if (extent === "in-flight") continue;
      series.sum.push(atMs, sumSeconds[code]!);
      series.count.push(atMs, ended[code]!);
      for (let i = 0; i < series.buckets.length; i++) {
        series.buckets[i]!.push(atMs, this.#counters.cumulative(code, i));
      }
    }
  }

  /** No answer: Prometheus marks all series of the target. */
  fail(atMs: number): void {
    this.#store.noteScrape(GATEWAY_SOURCE, atMs, false);
    this.#started?.push(atMs, NaN, "unreachable");
    for (const code of this.#byCode) {
      if (!code) continue;
      for (const series of [code.total, code.sum, code.count, ...code.buckets]) series.push(atMs, NaN, "unreachable");
    }
  }

  #makeCode(code: string): CodeSeries {
    const bounds = [...Array.from(this.#counters.boundsSeconds, String), "+Inf"];
    return {
      total: this.#make("gateway_function_invocation_total", { code }),
      sum: this.#make("gateway_functions_seconds_sum", { code }),
      count: this.#make("gateway_functions_seconds_count", { code }),
      buckets: bounds.map((le) => this.#make("gateway_functions_seconds_bucket", { code, le })),
    };
  }

  #make(name: string, labels: Readonly<Record<string, string>>): Series {
    return this.#store.series(seriesId(name, { ...labels, function_name: this.#label }))!;
  }
}
