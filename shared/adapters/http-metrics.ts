/** `MetricsEndpoint` over two HTTP addresses. */
import axios from "axios";
import { Agent } from "node:http";

import type { MetricsEndpoint } from "../ports/metrics-source.ts";
import { within } from "./patience.ts";

/** The URLs of both endpoints, and how long each answer may take. */
export interface MetricsAddresses {
  readonly functionMetricsUrl: string;
  readonly containerMetricsUrl: string;
  readonly timeoutMs: number;
}

/** A hundred functions make about a megabyte. */
const MAX_BYTES = 64 * 1024 * 1024;

/** An endpoint that does not answer in time gives null: missing, not empty. */
export function httpMetricsEndpoint({
  functionMetricsUrl,
  containerMetricsUrl,
  timeoutMs,
}: MetricsAddresses): MetricsEndpoint {
  const http = axios.create({
    timeout: timeoutMs,
    httpAgent: new Agent({ keepAlive: true, maxSockets: 4 }),
    responseType: "text",
    transformResponse: (body: unknown) => body,
    maxContentLength: MAX_BYTES,
    proxy: false,
    maxRedirects: 0,
  });
  const textOf = async (url: string): Promise<string | null> => {
    try {
      // The client's own limit is one of silence: a page that drips would hold a look up for ever.
      return (await within(timeoutMs, (signal) => http.get<string>(url, { signal }))).data;
    } catch {
      return null;
    }
  };
  return {
    async scrape() {
      const [functionMetrics, containerMetrics] = await Promise.all([
        textOf(functionMetricsUrl),
        textOf(containerMetricsUrl),
      ]);
      return { functionMetrics, containerMetrics };
    },
  };
}
