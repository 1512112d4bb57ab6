/** Cost at equal late share, read off a front between its points. */
import { paretoFront, type ParetoPoint } from "./pareto.ts";

/**
 * What the front of these outcomes costs at a late share: on the straight line between the two neighbours of its front, which two
 * of them reach by turns. Beyond the cheapest of them it stays level: those that are later still cost no less. Null outside of the
 * shares that were tried: nothing is known beyond them.
 */
export function costAtShare(outcomes: readonly ParetoPoint[], sloViolationShare: number): number | null {
  const isOnFront = paretoFront(outcomes);
  const front = outcomes
    .filter((_, i) => isOnFront[i])
    .sort((a, b) => a.sloViolationShare - b.sloViolationShare || a.cost - b.cost);
  const [first, cheapest] = [front[0], front.at(-1)];
  if (first === undefined || cheapest === undefined || sloViolationShare < first.sloViolationShare) return null;
  if (sloViolationShare >= cheapest.sloViolationShare) {
    return outcomes.some((outcome) => outcome.sloViolationShare >= sloViolationShare) ? cheapest.cost : null;
  }
  const right = front.findIndex((outcome) => outcome.sloViolationShare > sloViolationShare);
  const [{ sloViolationShare: from, cost }, to] = [front[right - 1]!, front[right]!];
  return cost + ((sloViolationShare - from) / (to.sloViolationShare - from)) * (to.cost - cost);
}
