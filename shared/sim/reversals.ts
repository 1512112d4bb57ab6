/** Counts a thing that no caller wants: replicas let go and then asked for again. */

/** A decrease that is followed by an increase within so long is a reversal, however small both are. */
export const REVERSAL_SECONDS = 120;

/** Counts decreases that were taken back soon after. */
export class Reversals {
  count = 0;
  #fellSeconds = -Infinity;

  /** The desired count was `before` and is `after`; instants ascend. A decrease is reversed once at most. */
  note(before: number, after: number, atSeconds: number): void {
    if (after < before) this.#fellSeconds = atSeconds;
    else if (after > before) {
      if (atSeconds - this.#fellSeconds <= REVERSAL_SECONDS) this.count++;
      this.#fellSeconds = -Infinity;
    }
  }
}
