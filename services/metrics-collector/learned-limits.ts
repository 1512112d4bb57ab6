/**
 * The owner of the platform's limits: learns them from the read-backs in `applied` events, and they travel with every window and tick.
 * So a policy knows its range, and a scaler that starts anew goes on from limits that the one before it met.
 */
import type { Applied } from "#shared/core/decision.ts";
import { learnLimits, limitsAt, type LearnedLimits, type PlatformLimits } from "#shared/core/platform-limits.ts";

export interface LimitsOfFunctions {
  /** Ignores functions that `of` was never called for. */
  learn(applied: Pick<Applied, "functionName" | "current" | "desired" | "applied" | "atMs">): void;
  /** Undefined while no limit is known, or when the known one is to be tried again. `nowMs`: trace time. */
  of(functionName: string, nowMs: number): PlatformLimits | undefined;
  /** Forgets functions that are no longer managed. */
  keepOnly(isManaged: (functionName: string) => boolean): void;
}

export function createLearnedLimits(): LimitsOfFunctions {
  const known = new Map<string, LearnedLimits | null>();
  return {
    learn(applied) {
      const before = known.get(applied.functionName);
      if (before !== undefined) known.set(applied.functionName, learnLimits(before, applied));
    },
    of(functionName, nowMs) {
      if (!known.has(functionName)) known.set(functionName, null);
      return limitsAt(known.get(functionName)!, nowMs) ?? undefined;
    },
    keepOnly(isManaged) {
      for (const name of known.keys()) if (!isManaged(name)) known.delete(name);
    },
  };
}
