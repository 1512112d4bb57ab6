/** Who is beaten by nobody: fewer violations cost more replicas, and the other way round. */

export interface Outcome {
  readonly sloViolationShare: number;
  readonly replicaSeconds: number;
}

/** `a` is at least as good on both axes and better on one. */
export function dominates(a: Outcome, b: Outcome): boolean {
  return (
    a.sloViolationShare <= b.sloViolationShare &&
    a.replicaSeconds <= b.replicaSeconds &&
    (a.sloViolationShare < b.sloViolationShare || a.replicaSeconds < b.replicaSeconds)
  );
}

/** For each outcome: no other one dominates it. */
export function paretoFront(outcomes: readonly Outcome[]): boolean[] {
  return outcomes.map((outcome) => !outcomes.some((other) => dominates(other, outcome)));
}
