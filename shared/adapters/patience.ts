/** How long a whole answer may take, where the HTTP client's own time-out is one of silence. */

/**
 * A signal that aborts a little after `timeoutMs` of real time, so that silence is reported by the client in its own words, and an
 * answer that drips ends all the same. Whole milliseconds: Node refuses any other delay, and 1.1 · 45,000 is 49,500.00000000001.
 */
export function wholeAnswerWithin(timeoutMs: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(1.1 * timeoutMs));
}
