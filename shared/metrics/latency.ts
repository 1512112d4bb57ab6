/** What a gateway's latency histogram says of a window: quantiles, and the share of requests that broke the SLO. */
import { failuresOf, type ErrorCounts, type LateShare, type LatencyQuantiles } from "../core/window.ts";
import { histogramQuantile, type Bucket } from "./histogram-quantile.ts";
import { lateShareOf, type AskedSlo } from "./late-share.ts";

/** Requests that ended, by what the caller got. */
export interface Completions {
  readonly ok: number;
  readonly error: ErrorCounts;
}

/** 2xx and 3xx: answered well. */
export const isOk = (code: string) => code.startsWith("2") || code.startsWith("3");

/** One bucket of one status code; bounds in real seconds. */
export interface CodeBucket extends Bucket {
  readonly code: string;
}

/** Edges of the gateway's latency histogram, real seconds: its client library's defaults. A platform may put more between them. */
export const GATEWAY_BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const GATEWAY_BOUNDS: ReadonlySet<number> = new Set([...GATEWAY_BOUNDS_SECONDS, Infinity]);

/** Trace time. */
export interface Latency {
  readonly quantiles: LatencyQuantiles;
  readonly late: LateShare;
}

/**
 * Quantiles over requests of every code that ended in the window, and the share that broke the SLO; null where none ended. Quantiles
 * go by the gateway's own edges alone, so that what they say does not depend on the SLO that has one more.
 */
export function latencyOf(
  buckets: readonly CodeBucket[] | null,
  completions: Completions | null,
  slo: AskedSlo,
): Latency {
  if (buckets === null) {
    const late = { share: null, because: "no latencies were measured" };
    return { quantiles: { p50: null, p95: null, p99: null }, late };
  }
  const own = withoutExtraBounds(buckets);
  const quantile = (q: number) => {
    const value = histogramQuantile(q, own) * slo.timeLapse;
    return Number.isFinite(value) ? value : null;
  };
  const quantiles = { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
  if (completions === null) return { quantiles, late: { share: null, because: "completions were not measured" } };
  const ok = buckets.filter(({ code }) => isOk(code));
  return { quantiles, late: lateShareOf({ ok, failed: failuresOf(completions.error) }, slo) };
}

/** Where the gateway has its own edges, only those. */
function withoutExtraBounds(buckets: readonly Bucket[]): readonly Bucket[] {
  const bounds = new Set(buckets.map(({ upperBound }) => upperBound));
  for (const own of GATEWAY_BOUNDS) if (!bounds.has(own)) return buckets;
  return buckets.filter(({ upperBound }) => GATEWAY_BOUNDS.has(upperBound));
}

/** `+Inf` or a number. */
export function upperBoundOf(le: string): number {
  return le === "+Inf" ? Infinity : Number(le);
}
