/** Which outcomes no other one dominates: fewer late calls cost more, and the other way round. */

/** A point of the Pareto figure. */
export interface ParetoPoint {
  readonly sloViolationShare: number;
  readonly cost: number;
}

/** `a` is at least as good on both axes and better on one. */
export function dominates(a: ParetoPoint, b: ParetoPoint): boolean {
  return (
    a.sloViolationShare <= b.sloViolationShare &&
    a.cost <= b.cost &&
    (a.sloViolationShare < b.sloViolationShare || a.cost < b.cost)
  );
}

/** For each outcome: no other one dominates it. */
export function paretoFront(outcomes: readonly ParetoPoint[]): boolean[] {
  return outcomes.map((outcome) => !outcomes.some((other) => dominates(other, outcome)));
}
