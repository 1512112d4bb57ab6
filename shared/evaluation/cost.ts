/** What a run costs. */

/** Null: starts were not counted. */
interface Spent {
  readonly replicaSeconds: number;
  readonly replicaStarts: number | null;
}

/** Replica-seconds, and for each start `startCostSeconds` of them; null where starts are not known. */
export function costOf({ replicaSeconds, replicaStarts }: Spent, startCostSeconds: number): number | null {
  return replicaStarts === null ? null : replicaSeconds + startCostSeconds * replicaStarts;
}
