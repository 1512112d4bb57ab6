/**
 * The owner of the platform's limits: learns them from the read-backs in `applied` events, and they travel with every window and tick.
 * So a policy knows its range, and a scaler that starts anew goes on from limits that the one before it met.
 */
import type { Applied } from "#shared/core/decision.ts";
import { learnLimits, limitsAt, type LearnedLimits, type PlatformLimits } from "#shared/core/platform-limits.ts";

/** What is known of the platform's limits, by function. */
export class LimitsOfFunctions {
  readonly #known = new Map<string, LearnedLimits | null>();

  /** Ignores functions that `of` was never called for. */
  learn(applied: Pick<Applied, "functionName" | "current" | "desired" | "applied" | "atMs">): void {
    const before = this.#known.get(applied.functionName);
    if (before !== undefined) this.#known.set(applied.functionName, learnLimits(before, applied));
  }

  /** Undefined while no limit is known, or when the known one is to be tried again. `nowMs`: trace time. */
  of(functionName: string, nowMs: number): PlatformLimits | undefined {
    const known = this.#known.get(functionName) ?? null;
    this.#known.set(functionName, known);
    return limitsAt(known, nowMs) ?? undefined;
  }

  /** Forgets functions that are no longer managed. */
  keepOnly(isManaged: (functionName: string) => boolean): void {
    for (const name of this.#known.keys()) if (!isManaged(name)) this.#known.delete(name);
  }
}
