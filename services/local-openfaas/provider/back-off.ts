/** When a crashed replica's successor may start: at once the first time, then after 1, 2, 4 … 60 seconds. */

/** How a function's starts have failed. */
export interface BackOff {
  /** Since the last stretch of health. */
  readonly failures: number;
  /** No replica starts before. */
  readonly untilMs: number;
  readonly lastError: string;
}

const FIRST_DELAY_MS = 1_000;
/** The longest wait. */
export const MAX_DELAY_MS = 60_000;
/** A replica that has been ready for so long, with no failure beside it, ends the back-off. */
export const HEALTHY_AFTER_MS = 60_000;

/** `wasReady`: the replica had taken calls, so its successor gets one free attempt; a failed start does not. */
export function afterFailure(
  before: BackOff | null,
  failure: { readonly wasReady: boolean; readonly error: string },
  nowMs: number,
): BackOff {
  const failures = before?.failures ?? 0;
  // Ten replicas that die of one cause are one failure: only a death after the wait was over makes it longer.
  if (before && nowMs < before.untilMs) return { ...before, lastError: failure.error };
  const doublings = failure.wasReady ? failures - 1 : failures;
  const delayMs = doublings < 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** doublings);
  return { failures: failures + 1, untilMs: nowMs + delayMs, lastError: failure.error };
}
