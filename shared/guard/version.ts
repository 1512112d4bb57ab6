/** Which guard runs behind a policy: a model runs behind the one that it was trained with. */

/**
 * 1: policies that decide a count at each window's end; the guard adds the panic floor, the wait before a scale-down and rate limits.
 * 2: policies that decide a target, which ticks hold: what to leave room for, and for how long, is theirs. The guard adds safety
 * alone: it holds where nothing can be concluded, backs off from other writers, never leaves the bounds, and takes the last replica
 * only from the idle.
 */
export type GuardVersion = 1 | 2;
