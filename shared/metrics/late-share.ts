/** The share of requests that broke an SLO, counted from a latency histogram: exact where the SLO lies on one of its edges. */
import { secondsWords, type SloFit } from "../core/slo.ts";
import type { LateShare } from "../core/window.ts";
import { cumulative, type Bucket } from "./histogram-quantile.ts";

/** What ended in a span of time. */
export interface Ended {
  /** Latencies of the requests that were answered well; bounds in real seconds. */
  readonly ok: readonly Bucket[];
  /** Requests that failed or were turned away, whatever time that took. */
  readonly failed: number;
}

/** An SLO over a histogram of real seconds: at time-lapse k, 3 s of trace time are over after 3/k of them. */
export interface AskedSlo {
  /** Trace time. */
  readonly sloSeconds: number;
  readonly timeLapse: number;
}

/** `bounds`: upper ones, real seconds, in any order and with or without +Inf. Null where there is no finite one. */
export function sloFitOf(bounds: Iterable<number>, { sloSeconds, timeLapse }: AskedSlo): SloFit | null {
  const finite = [...new Set(bounds)].filter(Number.isFinite).sort((a, b) => a - b);
  const last = finite.at(-1);
  if (last === undefined) return null;
  const edge = sloSeconds / timeLapse;
  const above = finite.find((bound) => bound >= edge);
  if (above === edge) return { kind: "exact" };
  if (above === undefined) return { kind: "beyond", lastSeconds: last * timeLapse };
  const below = finite.findLast((bound) => bound < edge) ?? 0;
  return { kind: "between", belowSeconds: below * timeLapse, aboveSeconds: above * timeLapse };
}

/**
 * (answered later than the SLO + failed) ÷ ended. Between two edges the latencies are taken to spread evenly, as Prometheus's
 * own quantiles do; beyond the last finite edge the share is not known, unless nothing was that slow. Null where nothing ended.
 */
export function lateShareOf({ ok, failed }: Ended, slo: AskedSlo): LateShare {
  const buckets = cumulative(ok);
  const answered = buckets.at(-1)?.count ?? 0;
  const ended = answered + failed;
  if (!(ended > 0)) return { share: null, because: "nothing ended" };
  const shareOf = (inTime: number) => Math.min(1, Math.max(0, (answered - inTime + failed) / ended));
  if (answered === 0) return { share: 1, because: null };

  const edge = slo.sloSeconds / slo.timeLapse;
  const above = buckets.findIndex(({ upperBound }) => upperBound >= edge);
  const { upperBound, count } = buckets[above]!;
  const below = buckets[above - 1] ?? { upperBound: 0, count: 0 };
  // Nothing in between: it makes no difference where the SLO lies there.
  if (upperBound === edge || count === below.count) return { share: shareOf(count), because: null };
  const said = (realSeconds: number) => secondsWords(realSeconds * slo.timeLapse);
  if (upperBound === Infinity) {
    const because = `the SLO of ${secondsWords(slo.sloSeconds)} s lies beyond the last bucket of ${said(below.upperBound)} s`;
    return { share: null, because };
  }
  const part = (edge - below.upperBound) / (upperBound - below.upperBound);
  const because = `interpolated between the buckets of ${said(below.upperBound)} and ${said(upperBound)} s`;
  return { share: shareOf(below.count + part * (count - below.count)), because };
}
