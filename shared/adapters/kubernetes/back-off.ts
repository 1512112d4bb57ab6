/** Not asking again at once what was refused for good: rights and names change when people change them. */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

interface Refusal {
  readonly error: Error;
  readonly untilMs: number;
  readonly pauseMs: number;
}

/** By key. Instants are those of whatever clock the caller counts with. */
export class BackOff {
  readonly #refusals = new Map<string, Refusal>();

  /** Throws the last refusal again while its pause lasts. */
  check(key: string, nowMs: number): void {
    const refusal = this.#refusals.get(key);
    if (refusal && nowMs < refusal.untilMs) throw refusal.error;
  }

  /** Each pause is twice the one before, up to a minute. */
  refused(key: string, error: Error, nowMs: number): void {
    const before = this.#refusals.get(key);
    const pauseMs = before ? Math.min(LONGEST_PAUSE_MS, before.pauseMs * 2) : FIRST_PAUSE_MS;
    this.#refusals.set(key, { error, pauseMs, untilMs: nowMs + pauseMs });
  }

  answered(key: string): void {
    this.#refusals.delete(key);
  }
}
