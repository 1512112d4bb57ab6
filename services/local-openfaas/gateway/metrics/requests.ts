/** Counts a provider's own HTTP requests under the names that OpenFaaS's providers use. */
import { Registry } from "prom-client";
import { registerHistogram, registerMetric } from "./exposition.ts";
import { bucketBoundsSeconds, Tally } from "./meter.ts";

interface Series {
  readonly labels: { readonly code: string; readonly method: string; readonly path: string };
  readonly tally: Tally;
}

/** Requests by status, method and route. */
export class RequestTally {
  readonly #series = new Map<string, Series>();

  add(method: string, url: string, status: number, seconds: number): void {
    const labels = { code: String(status), method, path: routeOf(url) };
    const key = Object.values(labels).join(" ");
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { labels, tally: new Tally(bucketBoundsSeconds) }));
    series.tally.add(seconds);
  }

  registry(): Registry {
    const registry = new Registry();
    const all = () => [...this.#series.values()];
    registerMetric(registry, "counter", "provider_http_requests_total", "Requests that were answered.", () =>
      all().map(({ labels, tally }) => ({ labels, value: tally.count })),
    );
    const help = "Seconds from a request to its answer's end.";
    registerHistogram(registry, "provider_http_request_duration_seconds", help, all);
    return registry;
  }
}

const routes = new Set([
  ...["/function", "/healthz", "/metrics", "/containers"],
  ...["/system/functions", "/system/function", "/system/scale-function", "/system/info", "/system/logs"],
  ...["/system/secrets", "/system/namespaces", "/system/namespace", "/system/telemetry"],
]);

/** `/system/function/echo?usage=1` → `/system/function`: a name, or whatever a stranger asks for, makes no series of its own. */
function routeOf(url: string): string {
  const route = /^(?:\/system)?\/[a-z-]+(?=[/?]|$)/.exec(url)?.[0] ?? "";
  return routes.has(route) ? route : "other";
}
