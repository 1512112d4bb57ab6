/** The counts of one replay while they grow. */
import type { ErrorClass, ReplayTotals } from "#shared/core/load.ts";

/** No answer of the function's own: it is not there (404), or whatever is in front of it did not get one from it. */
const UNREACHED_STATUSES: ReadonlySet<number | null> = new Set([404, 502, 503, 504]);
const UNREACHED_CLASSES: ReadonlySet<ErrorClass | null> = new Set(["connect", "timeout", "reset"]);

/** Counts what became of a replay's requests. */
export class TotalsCounter {
  #sent = 0;
  #ok = 0;
  #shed = 0;
  #unfinished = 0;
  #unreached = 0;
  readonly #failedByClass = new Map<ErrorClass, number>();

  sent(): void {
    this.#sent++;
  }

  ended(errorClass: ErrorClass | null, status: number | null): void {
    if (UNREACHED_CLASSES.has(errorClass) || UNREACHED_STATUSES.has(status)) this.#unreached++;
    if (errorClass === null) this.#ok++;
    else this.#failedByClass.set(errorClass, (this.#failedByClass.get(errorClass) ?? 0) + 1);
  }

  shed(): void {
    this.#shed++;
  }

  unfinished(): void {
    this.#unfinished++;
  }

  /** Requests whose turn has come; all the replay knows of when it was stopped. */
  get reached(): number {
    return this.#sent + this.#shed;
  }

  /** Requests that came to an end without an answer of the function's. */
  get unreached(): number {
    return this.#unreached;
  }

  /** The totals so far; `scheduled` is passed through. */
  read(scheduled: number): Omit<ReplayTotals, "late"> {
    const failed = [...this.#failedByClass.values()].reduce((sum, n) => sum + n, 0);
    return {
      scheduled,
      sent: this.#sent,
      ok: this.#ok,
      failed,
      shed: this.#shed,
      unfinished: this.#unfinished,
      failedByClass: Object.fromEntries(this.#failedByClass),
    };
  }
}

/**
 * A load that reached no function says nothing about it: why it does not count; null where it does. A 429 is an answer:
 * a function that is full was met, and how much of a load it refuses is what an overload is replayed for. But where nothing at all
 * came back well, not even what it can do was measured.
 */
export function unansweredBecause(
  { sent, ok, failedByClass, unfinished }: Omit<ReplayTotals, "late">,
  unreached: number,
): string | null {
  if (sent === 0) return null;
  if (ok === 0) {
    const reasons = Object.entries(failedByClass).map(([name, count]) => `${count} × ${name}`);
    if (unfinished > 0) reasons.push(`${unfinished} × unfinished`);
    return `none of ${sent} requests succeeded (${reasons.join(", ")})`;
  }
  if (unreached <= sent / 2) return null;
  return `${unreached} of ${sent} requests got no answer from the function: not connected, broken off, too late, or 404, 502, 503, 504`;
}
