/** What the gateway counts, and nothing more: the same counters that a real one exposes. */
import { GATEWAY_BOUNDS_SECONDS } from "../metrics/latency.ts";

/** The status codes that the gateway counts. */
export const CODES = ["200", "429", "500", "502", "504"] as const;
/** Index of 200 in `CODES`. */
export const CODE_200 = 0;
/** Index of 429 in `CODES`. */
export const CODE_429 = 1;
/** Index of 502 in `CODES`. */
export const CODE_502 = 3;
/** Index of 504 in `CODES`. */
export const CODE_504 = 4;

/** The counters that the gateway exposes for the function. */
export class GatewayCounters {
  /** Upper bounds of `gateway_functions_seconds`, ascending, without +Inf. */
  readonly boundsSeconds: Float64Array;
  started = 0;
  endedAll = 0;
  readonly ended = new Float64Array(CODES.length);
  readonly sumSeconds = new Float64Array(CODES.length);
  readonly #buckets: Float64Array;

  /** `extraBounds`: edges that the platform puts beside the client library's own. */
  constructor(extraBounds: readonly number[] = []) {
    this.boundsSeconds = Float64Array.from(new Set([...GATEWAY_BOUNDS_SECONDS, ...extraBounds])).sort();
    this.#buckets = new Float64Array(CODES.length * (this.boundsSeconds.length + 1));
  }

  /** Counts the end of an invocation; `code` is an index into `CODES`. */
  end(code: number, seconds: number): void {
    this.endedAll++;
    this.ended[code]!++;
    this.sumSeconds[code]! += seconds;
    const bounds = this.boundsSeconds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
    this.#buckets[code * (bounds.length + 1) + bucket]!++;
  }

  /** Calls at or below bound `i`; the bound after the last is +Inf. */
  cumulative(code: number, i: number): number {
    const first = code * (this.boundsSeconds.length + 1);
    let count = 0;
    for (let bucket = 0; bucket <= i; bucket++) count += this.#buckets[first + bucket]!;
    return count;
  }

  get inFlight(): number {
    return this.started - this.endedAll;
  }
}
