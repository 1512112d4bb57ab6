/**
 * What a platform itself clamps replica counts to: learned from what it makes of our requests, read and not assumed. One read-back
 * may be another writer's doing, or older than the request; two equal ones in a row, some time apart, are a limit. It is tried anew
 * with growing pauses, and a count beyond it, whoever set it, shows that there is none.
 */

/** Null where no limit was met. The community edition: 1…5. */
export interface PlatformLimits {
  readonly minReplicas: number | null;
  readonly maxReplicas: number | null;
}

/** A count at which requests ended, all of them the same way so far. */
interface Met {
  readonly replicas: number;
  /** Requests in a row that ended here, each some time after the one before. */
  readonly times: number;
  /** Of the last of them, trace time. */
  readonly lastMs: number;
}

export interface LearnedLimits {
  readonly lowest: Met | null;
  readonly highest: Met | null;
}

/** What was asked for where `current` was, and what was read back. */
export interface Request {
  readonly current: number;
  readonly desired: number;
  readonly applied: number;
  readonly nowMs: number;
}

const BELIEVED_AFTER = 2;
/** Read-backs closer together may all be older than the requests: several ticks' floor against one slow reader. */
const APART_SECONDS = 20;
const FIRST_PAUSE_SECONDS = 120;
const LONGEST_PAUSE_SECONDS = 480;
/** A floor that in-flight invocations prove is held under a cap no longer than this, whatever the pause. */
const FLOOR_PAUSE_SECONDS = 30;

/**
 * Asked for more and got less: a cap. Asked for less and got more: a floor. A clamp never moves a count away from what was asked:
 * a read-back beyond the count before is another writer's, and says nothing. Asked beyond a limit and got it: there is none.
 */
export function learnLimits(before: LearnedLimits | null, request: Request): LearnedLimits | null {
  const { current, desired, applied } = request;
  const known = withoutBeyond(before, current);
  const up = desired > current;
  const clamped = up ? applied < desired && applied >= current : applied > desired && applied <= current;
  const next = {
    lowest: learnSide(
      known?.lowest ?? null,
      request,
      !up && desired !== current && clamped,
      applied < (known?.lowest?.replicas ?? 0),
    ),
    highest: learnSide(
      known?.highest ?? null,
      request,
      up && clamped,
      applied > (known?.highest?.replicas ?? Infinity),
    ),
  };
  return next.lowest === null && next.highest === null ? null : next;
}

function learnSide(known: Met | null, { applied, nowMs }: Request, clamped: boolean, refuted: boolean): Met | null {
  if (!clamped) return refuted ? null : known;
  if (known?.replicas !== applied) return { replicas: applied, times: 1, lastMs: nowMs };
  if (nowMs < known.lastMs + APART_SECONDS * 1_000) return known;
  return { replicas: applied, times: known.times + 1, lastMs: nowMs };
}

/** What was learned, but for a limit that a count stands beyond: what is there can be had. */
export function withoutBeyond(known: LearnedLimits | null, count: number): LearnedLimits | null {
  if (known === null) return null;
  const lowest = known.lowest !== null && count < known.lowest.replicas ? null : known.lowest;
  const highest = known.highest !== null && count > known.highest.replicas ? null : known.highest;
  return lowest === null && highest === null ? null : { lowest, highest };
}

/** What others met before our time counts as one request of ours. */
export function limitsOfOthers(told: PlatformLimits | null, nowMs: number): LearnedLimits | null {
  if (told === null) return null;
  const lastMs = nowMs - APART_SECONDS * 1_000;
  const once = (replicas: number | null) => (replicas === null ? null : { replicas, times: 1, lastMs });
  return { lowest: once(told.minReplicas), highest: once(told.maxReplicas) };
}

/** What is believed now; null where that is nothing. `floor`: what a floor that in-flight invocations prove is held under. */
export function limitsAt(
  known: LearnedLimits | null,
  nowMs: number,
  forWhat: "wish" | "floor" = "wish",
): PlatformLimits | null {
  const believed = (met: Met | null): number | null => {
    if (met === null || met.times < BELIEVED_AFTER) return null;
    const pause = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (met.times - BELIEVED_AFTER));
    const seconds = forWhat === "floor" ? Math.min(pause, FLOOR_PAUSE_SECONDS) : pause;
    return nowMs < met.lastMs + seconds * 1_000 ? met.replicas : null;
  };
  const minReplicas = believed(known?.lowest ?? null);
  const maxReplicas = believed(known?.highest ?? null);
  return minReplicas === null && maxReplicas === null ? null : { minReplicas, maxReplicas };
}

export interface ReplicaRange {
  readonly minReplicas: number;
  readonly maxReplicas: number;
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
