/** What a platform itself clamps replica counts to: learned from what it makes of our wishes, read and not assumed. */

/** Null where no limit was met. The community edition: 1…5. */
export interface PlatformLimits {
  readonly minReplicas: number | null;
  readonly maxReplicas: number | null;
}

export interface LearnedLimits extends PlatformLimits {
  /** Trace time after which the limit is tried anew: an operator may have raised it. */
  readonly tryAgainMs: number;
}

export interface ReplicaRange {
  readonly minReplicas: number;
  readonly maxReplicas: number;
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

/** What is left of a range on that platform; where the two contradict each other, the upper end wins. */
export function rangeWithin({ minReplicas, maxReplicas }: ReplicaRange, platform: PlatformLimits | null): ReplicaRange {
  const upper = Math.min(maxReplicas, platform?.maxReplicas ?? Infinity);
  return { minReplicas: Math.min(Math.max(minReplicas, platform?.minReplicas ?? 0), upper), maxReplicas: upper };
}

/** Why a range cannot be had there, one sentence; null when it can, or when no limit is known. */
export function rangeProblem(
  functionName: string,
  range: ReplicaRange,
  platform: PlatformLimits | null,
): string | null {
  const { minReplicas: lower, maxReplicas: upper } = rangeWithin(range, platform);
  if (lower === range.minReplicas && upper === range.maxReplicas) return null;
  const { minReplicas, maxReplicas } = platform!;
  const given = [
    ...(minReplicas === null ? [] : [`at least ${minReplicas}`]),
    ...(maxReplicas === null ? [] : [`at most ${maxReplicas}`]),
  ].join(" and ");
  return `'${functionName}' is to have ${range.minReplicas} to ${range.maxReplicas} replicas, but the platform gives ${given}`;
}
