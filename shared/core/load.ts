/** What a replay reports about itself, and the record of a request. */

/** How a request of a replay ended; `shed`: never sent; `unfinished`: still open when the drain was over. */
export type RequestOutcome = "ok" | "error" | "shed" | "unfinished";

/** Why a request failed: a connection's error, or the class of its HTTP status. */
export type ErrorClass = "connect" | "timeout" | "reset" | "429" | "4xx" | "502" | "504" | "5xx";

/** Requests that were answered well, and later than the SLO. */
export interface LateCounts {
  /** From the instant at which they were due: what a user waited. */
  readonly fromIntended: number;
  /** From the instant at which they were sent: nearly what a gateway sees, which learns of a request when it arrives. */
  readonly fromSent: number;
}

/**
 * Counts of one replay; once it is over `sent` = ok + failed + unfinished and `scheduled` = sent + shed. `scheduled` is
 * all that was planned; of a replay that was stopped, what was reached until then.
 */
export interface ReplayTotals {
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly shed: number;
  readonly unfinished: number;
  readonly failedByClass: Readonly<Partial<Record<ErrorClass, number>>>;
  /** Among `ok`; null when no SLO was given. */
  readonly late: LateCounts | null;
}

/**
 * One window of a replay, in trace time. `scheduled` counts by the intended instant; so do `sent` and `shed`, unless they
 * came more than 50 ms late (then: when they came); `ok` and `failed` count by their end. The last one takes the drain's.
 */
export interface LoadWindow {
  readonly index: number;
  readonly endedAtMs: number;
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly shed: number;
  /** End − intended, seconds of trace time: what a user waited. Null when nothing finished. */
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
  /** Sent − intended, real milliseconds. */
  readonly latenessP99Ms: number | null;
  /** Among `ok`; null when no SLO was given. */
  readonly late: LateCounts | null;
}

/** What a replay reports at its start, after each window and at its end: an event on the bus. */
export interface LoadReport {
  readonly runId: string;
  readonly functionName: string;
  readonly phase: "started" | "window" | "finished";
  readonly scheduleDigest: string;
  readonly totals: ReplayTotals;
  readonly window: LoadWindow | null;
  /** Finished only: did the run keep its schedule; and if not, why. */
  readonly valid: boolean | null;
  readonly invalidBecause: string | null;
  /** Finished only: requests over the SLO, failed or shed ÷ all; null when no SLO was given. */
  readonly sloViolationShare: number | null;
}

/** Of the requests that came to an end, the share that was late or failed; null where there is none, and without an SLO. */
export function brokenShare(
  { ok, failed, late }: Pick<ReplayTotals, "ok" | "failed" | "late">,
  from: keyof LateCounts,
): number | null {
  return late === null || ok + failed === 0 ? null : (late[from] + failed) / (ok + failed);
}
