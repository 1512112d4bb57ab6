/** The platform's own clamp, learned from what it makes of our wishes: read, not assumed. */
import type { PlatformLimits } from "#shared/core/guard.ts";

export interface LearnedLimits extends PlatformLimits {
  /** Trace time after which the limit is tried anew: an operator may have raised it. */
  readonly tryAgainMs: number;
}

export const LIMIT_LIFE_SECONDS = 600;

/** Asked for more and got less: a cap. Asked for less and got more: a floor. Asked and got: what we knew stays. */
export function learnLimits(
  known: LearnedLimits | null,
  { desired, applied, nowMs }: { readonly desired: number; readonly applied: number; readonly nowMs: number },
): LearnedLimits | null {
  if (applied === desired) return known;
  const tryAgainMs = nowMs + LIMIT_LIFE_SECONDS * 1_000;
  const minReplicas = applied > desired ? applied : (known?.minReplicas ?? null);
  const maxReplicas = applied < desired ? applied : (known?.maxReplicas ?? null);
  return { minReplicas, maxReplicas, tryAgainMs };
}

export function limitsAt(known: LearnedLimits | null, nowMs: number): LearnedLimits | null {
  return known !== null && nowMs >= known.tryAgainMs ? null : known;
}
