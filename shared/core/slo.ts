/** What a function owes its callers: so large a share of its requests within so many seconds. The rest is its budget. */

/** The percentiles that an SLO may name. */
export const SLO_PERCENTILES = [90, 95, 99, 99.9] as const;
/** One of `SLO_PERCENTILES`. */
export type SloPercentile = (typeof SLO_PERCENTILES)[number];

/** "95 % of the requests within 3 s". */
export interface Slo {
  readonly seconds: number;
  readonly percentile: SloPercentile;
}

/** The share of requests that may be late, fail or be turned away, 0…1: 0.05 at the 95th percentile. */
export function budgetOf({ percentile }: Slo): number {
  // 100 − 99.9 is not 0.1 in binary; a thousandth is exact enough for every percentile there is.
  return Math.round((100 - percentile) * 1000) / 100_000;
}

/** "95 % within 3 s". */
export function sloWords({ seconds, percentile }: Slo): string {
  return `${percentile} % within ${seconds} s`;
}

/** "3.1 % of 5 % used"; where nothing was measured, it says so. */
export function budgetWords(lateShare: number | null, slo: Slo): string {
  const budget = percentWords(budgetOf(slo));
  return lateShare === null ? `budget ${budget}, use not measured` : `${percentWords(lateShare)} of ${budget} used`;
}

/** What the edges of a latency histogram let be known of an SLO, whatever it has counted; in the SLO's own seconds. */
export type SloFit =
  | { readonly kind: "exact" }
  | { readonly kind: "between"; readonly belowSeconds: number; readonly aboveSeconds: number }
  | { readonly kind: "beyond"; readonly lastSeconds: number };

/** Seconds as a person writes them, without what multiplying by a time-lapse adds: "0.15", "2.5". */
export function secondsWords(seconds: number): string {
  return String(Number(seconds.toPrecision(4)));
}

/** A share as per cent, with one digit where it is needed: "3.1 %", "5 %". */
export function percentWords(share: number): string {
  return `${Number((share * 100).toFixed(share < 0.01 ? 2 : 1))} %`;
}
