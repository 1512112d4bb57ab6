/** The largest count of the last seconds, as a list in which each is larger than all that follow: the first is the largest. */

/** A count at an instant. */
interface Counted {
  readonly atMs: number;
  readonly replicas: number;
}

/** Adds the newest. What is too old goes, and what is no larger: it would go before the newest, and never be the largest. */
export function withNewest<T extends Counted>(kept: readonly T[], newest: T, isTooOld: (one: T) => boolean): T[] {
  const larger = kept.filter((one) => one.replicas > newest.replicas && !isTooOld(one));
  larger.push(newest);
  return larger;
}
