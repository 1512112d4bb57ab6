/** What the buckets of functions let be known of their SLOs, a sentence each: nothing is wrong, and a person should know it. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { secondsWords, type SloFit } from "#shared/core/slo.ts";

/**
 * A sentence for each function whose SLO its buckets measure only in part. `say` is called once for each sentence, and again only
 * after it had changed.
 */
export class SloNotes {
  readonly #notes = new Map<string, string>();

  constructor(readonly say: (note: string) => void) {}

  /** A fit that is not known just now leaves the last sentence as it is. */
  add(managed: ManagedFunction, fit: SloFit | null): void {
    if (fit === null) return;
    const { functionName } = managed;
    const note = sloNote(managed, fit);
    if (note === (this.#notes.get(functionName) ?? null)) return;
    if (note === null) {
      this.#notes.delete(functionName);
      return;
    }
    this.#notes.set(functionName, note);
    this.say(note);
  }

  /** Forgets functions that are managed no longer. */
  keepOnly(isManaged: (functionName: string) => boolean): void {
    for (const name of this.#notes.keys()) if (!isManaged(name)) this.#notes.delete(name);
  }

  /** Those that hold now. */
  all(): readonly string[] {
    return [...this.#notes.values()];
  }
}

/** Null where the share is counted exactly, which goes without saying. */
function sloNote({ functionName, slo }: ManagedFunction, fit: SloFit): string | null {
  const subject = `'${functionName}': the share of requests later than ${secondsWords(slo.seconds)} s`;
  switch (fit.kind) {
    case "exact":
      return null;
    case "between": {
      const [below, above] = [secondsWords(fit.belowSeconds), secondsWords(fit.aboveSeconds)];
      const edges = fit.belowSeconds > 0 ? `${below} or ${above}` : above;
      return `${subject} is interpolated between the buckets of ${below} and ${above} s; it is exact for an SLO of ${edges} s`;
    }
    case "beyond": {
      const last = secondsWords(fit.lastSeconds);
      return `${subject} is not measured, as the buckets end at ${last} s; choose an SLO of at most ${last} s`;
    }
  }
}
