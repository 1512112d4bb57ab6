/** The truth about calls, as a caller would know it; no policy sees this. */
import type { ErrorClass } from "../core/load.ts";
import { CODES, CODE_200 } from "./gateway-counters.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

/** What a caller calls the codes. */
const CLASS_OF_CODE = ["ok", "429", "5xx", "502", "504"] as const satisfies readonly (ErrorClass | "ok")[];

/** What became of the calls of a span. */
export interface CallsTruth {
  readonly arrivals: number;
  readonly ok: number;
  readonly failed: number;
  /** OK, but later than the SLO. */
  readonly late: number;
  /** Of the calls that ended well, seconds; null when none did. */
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
}

/** The calls of a span, by how they ended and how long they took. */
export class Tally {
  readonly latency = new LatencyHistogram();
  readonly byCode = new Float64Array(CODES.length);
  /** Calls that were held until they failed: no gateway counter shows them. */
  heldInVain = 0;
  arrivals = 0;
  coldStarts = 0;
  /** OK, but later than the SLO. */
  late = 0;
  replicaStarts = 0;
  outOfMemory = 0;

  /** Counts a call that was answered well. */
  succeed(latencySeconds: number, sloSeconds: number): void {
    this.byCode[CODE_200]!++;
    this.latency.add(latencySeconds);
    if (latencySeconds > sloSeconds) this.late++;
  }

  get ok(): number {
    return this.byCode[CODE_200]!;
  }

  get failed(): number {
    let failed = this.heldInVain;
    for (let code = 1; code < CODES.length; code++) failed += this.byCode[code]!;
    return failed;
  }

  get failedByClass(): Partial<Record<ErrorClass, number>> {
    const classes: Partial<Record<ErrorClass, number>> = {};
    for (let code = 1; code < CODES.length; code++) {
      const count = this.byCode[code]! + (CODES[code] === "500" ? this.heldInVain : 0);
      if (count > 0) classes[CLASS_OF_CODE[code] as ErrorClass] = count;
    }
    return classes;
  }

  /** The counts, and the latencies' quantiles. */
  get truth(): CallsTruth {
    const { arrivals, ok, failed, late, latency } = this;
    const at = (q: number) => latency.quantile(q);
    return { arrivals, ok, failed, late, p50Seconds: at(0.5), p95Seconds: at(0.95), p99Seconds: at(0.99) };
  }

  /** Adds the counts of another tally. */
  addAll(other: Tally): void {
    this.latency.addAll(other.latency);
    for (let code = 0; code < CODES.length; code++) this.byCode[code]! += other.byCode[code]!;
    this.heldInVain += other.heldInVain;
    this.arrivals += other.arrivals;
    this.coldStarts += other.coldStarts;
    this.late += other.late;
    this.replicaStarts += other.replicaStarts;
    this.outOfMemory += other.outOfMemory;
  }

  clear(): void {
    this.latency.clear();
    this.byCode.fill(0);
    this.heldInVain = 0;
    this.arrivals = 0;
    this.coldStarts = 0;
    this.late = 0;
    this.replicaStarts = 0;
    this.outOfMemory = 0;
  }
}
