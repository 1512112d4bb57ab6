/** What the platform made of the scaler's requests, by function: published with each function, so that a policy knows its range. */
import type { Applied } from "#shared/core/decision.ts";
import {
  learnLimits,
  limitsAt,
  withoutBeyond,
  type LearnedLimits,
  type PlatformLimits,
} from "#shared/core/platform-limits.ts";

export interface SeenLimits {
  hear(applied: Pick<Applied, "functionName" | "current" | "desired" | "applied" | "atMs">): void;
  /** Undefined while nothing is known, or when what was known is to be tried anew. Only functions asked for are listened for. */
  of(functionName: string, nowMs: number): PlatformLimits | undefined;
  /** Forgets functions that are managed no longer. */
  keepOnly(isManaged: (functionName: string) => boolean): void;
}

export function createSeenLimits(): SeenLimits {
  const known = new Map<string, LearnedLimits | null>();
  return {
    hear({ functionName, current, desired, applied, atMs }) {
      const before = known.get(functionName);
      if (before === undefined || current === null || desired === null) return;
      const request = applied === null ? null : { current, desired, applied, nowMs: atMs };
      known.set(functionName, request === null ? withoutBeyond(before, current) : learnLimits(before, request));
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
