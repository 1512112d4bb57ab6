/** One function's past on the page: readings of the last quarter of an hour, and what rate and P95 are computed from. */
import { histogramQuantile } from "#shared/metrics/histogram-quantile.ts";
import { bucketBoundsSeconds, type FunctionMeter } from "../gateway/metrics/meter.ts";
import type { FunctionSnapshot } from "../provider/types.ts";
import type { HistoryView, Reading } from "./types.ts";

/** A quarter of an hour of seconds. */
export const HISTORY_READINGS = 900;
const RATE_SPAN_MS = 10_000;
const P95_SPAN_MS = 30_000;

/** Counters of a meter at an instant. */
interface Counters {
  readonly atMs: number;
  readonly started: number;
  /** By bucket, not cumulative, over all status codes. */
  readonly buckets: Float64Array;
}

/** One function's readings. */
export class FunctionTrack {
  readonly #readings: Reading[] = [];
  readonly #counters: Counters[] = [];

  /** `meter` is undefined until the function's first invocation. */
  read(nowMs: number, meter: FunctionMeter | undefined, snapshot: FunctionSnapshot): Reading {
    // The wall clock was set back: what came before cannot be put on one axis with what follows.
    if (nowMs <= (this.#readings.at(-1)?.atMs ?? -Infinity)) {
      this.#readings.length = 0;
      this.#counters.length = 0;
    }
    const now = countersOf(nowMs, meter);
    this.#counters.push(now);
    while (this.#counters.length > 2 && this.#counters[1]!.atMs <= nowMs - P95_SPAN_MS) this.#counters.shift();
    const reading = {
      atMs: nowMs,
      ratePerSecond: rate(this.#before(nowMs, RATE_SPAN_MS), now),
      p95Seconds: p95(this.#before(nowMs, P95_SPAN_MS), now),
      desiredReplicas: snapshot.desiredReplicas,
      availableReplicas: snapshot.availableReplicas,
      inFlight: meter?.inFlight ?? 0,
    };
    this.#readings.push(reading);
    if (this.#readings.length > HISTORY_READINGS) this.#readings.shift();
    return reading;
  }

  recentRates(count: number): readonly (number | null)[] {
    return this.#readings.slice(-count).map(({ ratePerSecond }) => ratePerSecond);
  }

  history(): HistoryView {
    const column = <K extends keyof Reading>(key: K) => this.#readings.map((reading) => reading[key]);
    return {
      atMs: column("atMs"),
      ratePerSecond: column("ratePerSecond"),
      p95Seconds: column("p95Seconds"),
      desiredReplicas: column("desiredReplicas"),
      availableReplicas: column("availableReplicas"),
      inFlight: column("inFlight"),
    };
  }

  /** The newest counters that are at least `spanMs` old, or the oldest there are. */
  #before(nowMs: number, spanMs: number): Counters {
    return this.#counters.findLast(({ atMs }) => atMs <= nowMs - spanMs) ?? this.#counters[0]!;
  }
}

function countersOf(atMs: number, meter: FunctionMeter | undefined): Counters {
  const buckets = new Float64Array(bucketBoundsSeconds.length + 1);
  for (const tally of meter?.byCode.values() ?? []) {
    // An edge at the SLO stays out of it: what a P95 says does not hang on where the SLO is.
    const counts = tally.countsWithin(bucketBoundsSeconds);
    for (let bucket = 0; bucket < buckets.length; bucket++) buckets[bucket]! += counts[bucket]!;
  }
  return { atMs, started: meter?.started ?? 0, buckets };
}

function rate(before: Counters, now: Counters): number | null {
  return now === before ? null : (now.started - before.started) / ((now.atMs - before.atMs) / 1_000);
}

/** As Prometheus would say it of the gateway's histogram: linear inside a bucket, 10 s for anything longer. */
function p95(before: Counters, now: Counters): number | null {
  let count = 0;
  const cumulative = [...bucketBoundsSeconds, Infinity].map((upperBound, bucket) => {
    count += now.buckets[bucket]! - before.buckets[bucket]!;
    return { upperBound, count };
  });
  return count === 0 ? null : histogramQuantile(0.95, cumulative);
}
