/** How long real time may take. */

/**
 * A signal that aborts after `ms` of real time, rounded up: Node refuses any other delay than whole milliseconds, and neither
 * 2,000 ÷ 3 nor 1.1 · 45,000 is one.
 */
export function deadlineIn(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(ms));
}

/**
 * A deadline a little after `timeoutMs`, where the HTTP client's own time-out is one of silence: silence is reported by the client
 * in its own words, and an answer that drips ends all the same.
 */
export function wholeAnswerWithin(timeoutMs: number): AbortSignal {
  return deadlineIn(1.1 * timeoutMs);
}
