/** The cheapest replica counts for the windows ahead, by dynamic programming: replica-seconds, starts, and late requests at their price. */
import type { Scenario } from "./forecast.ts";
import type { LateShare } from "./late-share.ts";

/** What a plan weighs. */
export interface PlanTerms {
  readonly windowSeconds: number;
  /** Busy replica-seconds of one request. */
  readonly busySeconds: number;
  /** How busy replicas are meant to be, 0…1: where ticks put the count once they see the load. */
  readonly use: number;
  readonly lateShare: LateShare;
  /** Of a late request, replica-seconds. */
  readonly price: number;
  /** From a burst's first request until the replicas for it are ready, seconds. */
  readonly reactionSeconds: number;
  readonly startCostSeconds: number;
  readonly maxReplicas: number;
}

/** Load ÷ capacity: beyond this it gets no worse. */
const MAX_CROWDED = 100;
const MIN_ROOM = 0.1;

/** So many different counts are tried at most; where more are allowed, those between them are left out. */
const MAX_COUNTS = 32;

/** Replicas to have in the next window, whatever comes; `current`: those there are. */
export function planReplicas(ahead: readonly (readonly Scenario[])[], current: number, terms: PlanTerms): number {
  const { startCostSeconds: start } = terms;
  const counts = countsToTry(ahead, terms);
  // The cost from a window on, by the count before it.
  let toGo = counts.map(() => 0);
  const costsFrom = (i: number) => stageCosts(ahead[i]!, counts, terms).map((cost, c) => cost + toGo[c]!);
  for (let i = ahead.length - 1; i > 0; i--) toGo = cheapestFrom(costsFrom(i), counts, start);
  let [best, least] = [0, Infinity];
  costsFrom(0).forEach((cost, c) => {
    const whole = cost + start * Math.max(0, counts[c]! - current);
    if (whole < least - 1e-9) [best, least] = [counts[c]!, whole];
  });
  return best;
}

/** From none to the most that any scenario needs. */
function countsToTry(ahead: readonly (readonly Scenario[])[], terms: PlanTerms): number[] {
  const most = ahead.flat().reduce((needed, { arrivals }) => Math.max(needed, loadOf(arrivals, terms).need), 0);
  const step = Math.max(1, Math.ceil(most / MAX_COUNTS));
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => Math.min(most, i * step));
}

/** How many replicas requests keep busy, and how many ticks would ask for. */
function loadOf(
  arrivals: number,
  { windowSeconds, busySeconds, use, maxReplicas }: PlanTerms,
): { readonly busy: number; readonly need: number } {
  const busy = (arrivals * busySeconds) / windowSeconds;
  return { busy, need: Math.min(maxReplicas, Math.ceil(busy / use - 1e-9)) };
}

/** For each count before a window the cheapest count in it: fewer are free, more are to be started. */
function cheapestFrom(stage: readonly number[], counts: readonly number[], start: number): number[] {
  const fewer: number[] = [];
  stage.forEach((cost, c) => fewer.push(Math.min(cost, fewer[c - 1] ?? Infinity)));
  const cheapest = new Array<number>(stage.length);
  let more = Infinity;
  for (let c = stage.length - 1; c >= 0; c--) {
    more = Math.min(more, stage[c]! + start * counts[c]!);
    cheapest[c] = Math.min(fewer[c]!, more - start * counts[c]!);
  }
  return cheapest;
}

/** A window's expected cost for each count that it begins with. */
function stageCosts(scenarios: readonly Scenario[], counts: readonly number[], terms: PlanTerms): number[] {
  const { windowSeconds, startCostSeconds, price } = terms;
  const usualShare = terms.lateShare(terms.use);
  const costs = counts.map(() => 0);
  for (const { chance, arrivals } of scenarios) {
    const { busy, need } = loadOf(arrivals, terms);
    counts.forEach((replicas, c) => {
      // Ticks start what is missing.
      const cost =
        replicas >= need
          ? windowSeconds * replicas
          : windowSeconds * need +
            startCostSeconds * (need - replicas) +
            (price * arrivals * lateSeconds(busy / replicas, usualShare, terms)) / windowSeconds;
      costs[c]! += chance * cost;
    });
  }
  return costs;
}

/** For so long all requests would be late, beyond the usual share, because a window began with too few replicas. */
function lateSeconds(
  busy: number,
  usualShare: number,
  { windowSeconds, use, lateShare, reactionSeconds }: PlanTerms,
): number {
  const crowded = Math.min(busy, MAX_CROWDED);
  // The backlog of the first replicas is worked off in the room that is left once the others are ready.
  const behindSeconds = crowded > 1 ? (reactionSeconds * (crowded - 1)) / Math.max(MIN_ROOM, 1 - use) : 0;
  const beyond = reactionSeconds * Math.max(0, lateShare(crowded) - usualShare) + behindSeconds;
  return Math.min(2 * windowSeconds, beyond);
}
