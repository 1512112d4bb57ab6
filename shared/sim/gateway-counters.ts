/** What the gateway counts, and nothing more: the same counters that a real one exposes. */

export const CODES = ["200", "429", "500", "502", "504"] as const;
export type Code = (typeof CODES)[number];
export const CODE_200 = 0;
export const CODE_429 = 1;
export const CODE_500 = 2;
export const CODE_502 = 3;
export const CODE_504 = 4;

/** Upper bounds of `gateway_functions_seconds`: the client library's defaults. */
export const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const BUCKETS = BOUNDS_SECONDS.length + 1;
const BOUNDS = Float64Array.from(BOUNDS_SECONDS);

export class GatewayCounters {
  started = 0;
  endedAll = 0;
  readonly ended = new Float64Array(CODES.length);
  readonly sumSeconds = new Float64Array(CODES.length);
  readonly #buckets = new Float64Array(CODES.length * BUCKETS);

  end(code: number, seconds: number): void {
    this.endedAll++;
    this.ended[code]!++;
    this.sumSeconds[code]! += seconds;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket++;
    this.#buckets[code * BUCKETS + bucket]!++;
  }

  /** Calls at or below bound `i`; the bound after the last is +Inf. */
  cumulative(code: number, i: number): number {
    let count = 0;
    for (let bucket = 0; bucket <= i; bucket++) count += this.#buckets[code * BUCKETS + bucket]!;
    return count;
  }

  get inFlight(): number {
    return this.started - this.endedAll;
  }
}
