/** The counts of one replay while they grow. */
import type { ErrorClass, ReplayTotals } from "#shared/core/load.ts";

export class TotalsCounter {
  #sent = 0;
  #ok = 0;
  #shed = 0;
  #unfinished = 0;
  readonly #failedByClass = new Map<ErrorClass, number>();

  sent(): void {
    this.#sent++;
  }

  ended(errorClass: ErrorClass | null): void {
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

  read(scheduled: number): ReplayTotals {
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

/** A load that met nobody says nothing about whom it was meant for: why it does not count; null where it does. */
export function unansweredBecause({ sent, ok, failed, failedByClass }: ReplayTotals): string | null {
  if (sent === 0) return null;
  const { connect = 0, timeout = 0, reset = 0 } = failedByClass;
  if (ok + failed - connect - timeout - reset === 0) {
    const reasons = Object.entries(failedByClass).map(([name, count]) => `${count} × ${name}`);
    return `none of ${sent} requests was answered (${reasons.join(", ") || "none came to an end"})`;
  }
  return connect > sent / 2 ? `${connect} of ${sent} requests found nobody to connect to` : null;
}
