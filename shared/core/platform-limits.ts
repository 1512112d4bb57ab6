/**
 * What a platform itself clamps replica counts to: learned by `learnLimits` from read-backs, never assumed. The metrics-collector owns
 * what is learned: it outlives the scaler, and sends the limits with every window and tick. The scaler runs the same function on its
 * own read-backs, so that its next decision need not wait for that event.
 *
 * One read-back may be another writer's doing, or older than the request; two equal ones in a row, some time apart, are a limit. It
 * is tried again with growing pauses, and a count beyond it, whoever set it, shows that there is none.
 */

/** Null where no limit is known. The community edition: 1…5. */
export interface PlatformLimits {
  readonly minReplicas: number | null;
  readonly maxReplicas: number | null;
}

/** A count at which requests ended, all of them the same way so far. */
interface Clamp {
  readonly replicas: number;
  /** Requests in a row that ended here, each some time after the one before. */
  readonly times: number;
  /** Of the last of them, trace time. */
  readonly lastMs: number;
}

/** Evidence for the platform's lowest and highest count so far; null where there is none. */
export interface LearnedLimits {
  readonly lowest: Clamp | null;
  readonly highest: Clamp | null;
}

/** A decision and the count read back after it; null where the count was not read, not decided, or not sent. */
export interface ReadBack {
  readonly current: number | null;
  readonly desired: number | null;
  readonly applied: number | null;
  /** Trace time. */
  readonly atMs: number;
}

const BELIEVED_AFTER = 2;
/** Read-backs closer together may all be older than the requests: several ticks' floor against one slow reader. */
const APART_SECONDS = 20;
const FIRST_PAUSE_SECONDS = 120;
const LONGEST_PAUSE_SECONDS = 480;
/** A floor that in-flight invocations prove is held under a cap no longer than this, whatever the pause. */
const FLOOR_PAUSE_SECONDS = 30;

/**
 * Requested more and got less: a cap. Requested less and got more: a floor. A clamp never moves a count away from the request: a
 * read-back beyond the count before is another writer's, and says nothing. Requested beyond a limit and got it: there is none.
 */
export function learnLimits(before: LearnedLimits | null, readBack: ReadBack): LearnedLimits | null {
  const { current, desired, applied, atMs } = readBack;
  if (current === null || desired === null) return before;
  const known = withoutBeyond(before, current);
  if (applied === null) return known;
  const left = withoutBeyond(known, applied);
  const { lowest, highest } = left ?? { lowest: null, highest: null };
  if (current <= applied && applied < desired) return { lowest, highest: clampedAt(applied, highest, atMs) };
  if (desired < applied && applied <= current) return { lowest: clampedAt(applied, lowest, atMs), highest };
  return left;
}

function clampedAt(applied: number, known: Clamp | null, atMs: number): Clamp {
  if (known?.replicas !== applied) return { replicas: applied, times: 1, lastMs: atMs };
  if (atMs < known.lastMs + APART_SECONDS * 1_000) return known;
  return { replicas: applied, times: known.times + 1, lastMs: atMs };
}

/** The same without a limit that `count` exceeds: a count that exists is possible. */
export function withoutBeyond(known: LearnedLimits | null, count: number): LearnedLimits | null {
  if (known === null) return null;
  const lowest = known.lowest !== null && count < known.lowest.replicas ? null : known.lowest;
  const highest = known.highest !== null && count > known.highest.replicas ? null : known.highest;
  return lowest === null && highest === null ? null : { lowest, highest };
}

/** Limits that an event reports, as something to learn on from: they count as one request of ours. */
export function reportedLimits(reported: PlatformLimits | null, nowMs: number): LearnedLimits | null {
  if (reported === null) return null;
  const lastMs = nowMs - APART_SECONDS * 1_000;
  const once = (replicas: number | null) => (replicas === null ? null : { replicas, times: 1, lastMs });
  return { lowest: once(reported.minReplicas), highest: once(reported.maxReplicas) };
}

/** The limits in force at `nowMs`; null where there are none. `floor`: those that bound the floor which in-flight invocations prove. */
export function limitsAt(
  known: LearnedLimits | null,
  nowMs: number,
  bounding: "proposal" | "floor" = "proposal",
): PlatformLimits | null {
  const inForce = (clamp: Clamp | null): number | null => {
    if (clamp === null || clamp.times < BELIEVED_AFTER) return null;
    const pause = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (clamp.times - BELIEVED_AFTER));
    const seconds = bounding === "floor" ? Math.min(pause, FLOOR_PAUSE_SECONDS) : pause;
    return nowMs < clamp.lastMs + seconds * 1_000 ? clamp.replicas : null;
  };
  const minReplicas = inForce(known?.lowest ?? null);
  const maxReplicas = inForce(known?.highest ?? null);
  return minReplicas === null && maxReplicas === null ? null : { minReplicas, maxReplicas };
}

/** The least and the most replicas of a function. */
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
