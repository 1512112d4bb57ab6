/** What the platform made of the scaler's wishes, by function: told with each function, so that a policy knows its range. */
import type { Applied } from "#shared/core/decision.ts";
import { learnLimits, limitsAt, type LearnedLimits, type PlatformLimits } from "#shared/core/platform-limits.ts";

export interface SeenLimits {
  hear(applied: Pick<Applied, "functionName" | "desired" | "applied" | "atMs">): void;
  /** Undefined while nothing is known, or when what was known is to be tried anew. */
  of(functionName: string, nowMs: number): PlatformLimits | undefined;
}

export function createSeenLimits(): SeenLimits {
  const known = new Map<string, LearnedLimits>();
  return {
    hear({ functionName, desired, applied, atMs }) {
      if (desired === null || applied === null) return;
      const learned = learnLimits(limitsAt(known.get(functionName) ?? null, atMs), { desired, applied, nowMs: atMs });
      if (learned !== null) known.set(functionName, learned);
    },
    of(functionName, nowMs) {
      const learned = limitsAt(known.get(functionName) ?? null, nowMs);
      if (learned === null) return undefined;
      const { minReplicas, maxReplicas } = learned;
      return { minReplicas, maxReplicas };
    },
  };
}
