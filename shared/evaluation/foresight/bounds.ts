/** Perfect foresight on one schedule and seed: what keeping the SLO costs at least, and a plan that keeps it. */
import type { Schedule } from "../../traces/schedule.ts";
import { budgetOf } from "../../core/slo.ts";
import { managedFunctionOf, type SimProfile } from "../../sim/profiles.ts";
import { foresightOf, initialReplicas, startupSeconds } from "../foresight.ts";
import { LateTable } from "./late-table.ts";
import { lowerBound } from "./lower-bound.ts";
import { PLAN_TICK_SECONDS, type PlanStep } from "./plan.ts";
import { searchPrice } from "./price-search.ts";
import { busyReplicas, slotsOf } from "./slots.ts";
import { Trials, type Trial } from "./trials.ts";
import { searchUtilisation } from "./utilisation-search.ts";

/** Costs in replica-seconds, starts priced. */
export interface Bounds {
  /** No policy that keeps the SLO costs less, in expectation over routes; null where none can keep it. */
  readonly lower: number | null;
  /** One standard deviation of what the luck of one seed's routes can save. */
  readonly luck: number;
  /** Of the plan, as simulated. */
  readonly upper: number;
  /** Of the best plan that utilisation alone gave; null when none kept the SLO. */
  readonly byUtilisation: number | null;
  /** Late ÷ all, of the plan, and with the maximum held from before the start. */
  readonly lateShare: number;
  readonly lateShareAtMost: number;
  /** The plan kept the SLO; where none could, it is the maximum from the first tick on. */
  readonly isKept: boolean;
  readonly simulations: number;
}

/** What keeping the SLO costs at least, and the plan whose cost is the upper of the bounds. */
export interface Foreseen {
  readonly bounds: Bounds;
  readonly plan: readonly PlanStep[];
}

/** Late calls come in clumps, which makes their number vary more than chance alone would: variance ÷ binomial variance. */
const CLUMPING = 4;

/**
 * Knows all arrivals and their work, but not which replica a call will be routed to. Same options, same plan. Takes about 45
 * simulations without observation, and a table that takes about as long.
 */
export function foresee(schedule: Schedule, profile: SimProfile, seed: number | string): Foreseen {
  const { startCostSeconds } = managedFunctionOf(profile);
  const range = countsOf(schedule, profile);
  const { minReplicas, mostReplicas } = range;
  const trials = new Trials({ schedule, profile, seed, initialReplicas: range.initialReplicas }, startCostSeconds);
  const atMost = trials.run([], mostReplicas);
  const held: readonly PlanStep[] = [{ atSeconds: PLAN_TICK_SECONDS, replicas: mostReplicas }];
  if (atMost.lateShare > trials.budget) {
    return foreseen(trials, trials.run(held), { lower: null, luck: 0, byUtilisation: null, atMost });
  }

  const { busySeconds } = foresightOf(schedule, profile);
  const slots = slotsOf(schedule, profile);
  const table = new LateTable(schedule, slots, profile, mostReplicas);
  const counts = { ...range, slots };
  const budgetCalls = budgetOf(profile.slo) * schedule.work.length;
  const { cost, lateSeconds } = lowerBound(
    { ...counts, table, startSeconds: startCostSeconds + idleSeconds(profile), budgetCalls },
    busySeconds,
  );
  const lower = Math.max(minReplicas > 0 ? cost : 0, workOfCheapest(schedule, budgetCalls) * busySeconds);

  const search = { ...counts, trials, busy: busyReplicas(slots, schedule, busySeconds) };
  const startSeconds = startupSeconds(profile);
  trials.keeps(held);
  searchUtilisation({ ...search, leadSeconds: PLAN_TICK_SECONDS * Math.round(startSeconds / PLAN_TICK_SECONDS) });
  const byUtilisation = trials.best?.cost ?? null;
  searchPrice({ ...search, table, busySeconds, startCostSeconds, startupSeconds: startSeconds, lateSeconds });
  const luck = lateSeconds * Math.sqrt(CLUMPING * budgetCalls * (1 - trials.budget));
  return foreseen(trials, trials.best ?? trials.run(held), { lower, luck, byUtilisation, atMost });
}

function foreseen(
  trials: Trials,
  best: Trial,
  { atMost, ...rest }: Pick<Bounds, "lower" | "luck" | "byUtilisation"> & { readonly atMost: Trial },
): Foreseen {
  const bounds = {
    ...rest,
    upper: best.cost,
    lateShare: best.lateShare,
    lateShareAtMost: atMost.lateShare,
    isKept: trials.best !== null,
    simulations: trials.count,
  };
  return { bounds, plan: best.plan };
}

/** Counts that can be: within the function's range, the platform's, and what its nodes have room for. */
function countsOf(schedule: Schedule, profile: SimProfile) {
  const { nodes, nodeCores, cpuRequestCores, replicaCap, replicaFloor } = profile.parameters;
  const room = nodes * Math.floor(nodeCores / cpuRequestCores + 1e-9);
  const mostReplicas = Math.min(profile.maxReplicas, room, replicaCap || Infinity);
  const minReplicas = Math.min(mostReplicas, Math.max(profile.minReplicas, replicaFloor));
  const needed = initialReplicas(schedule, profile);
  return { minReplicas, mostReplicas, initialReplicas: Math.min(mostReplicas, Math.max(minReplicas, needed)) };
}

/** The least time that a start is paid for and serves no call: the quickest start, and the routing table. */
function idleSeconds({ parameters: { startFloorSeconds, endpointSeconds } }: SimProfile): number {
  return startFloorSeconds + endpointSeconds;
}

/** Whatever is late, the rest must be computed: the relative work of all calls but the `lateCalls` that have the most. */
function workOfCheapest({ work }: Schedule, lateCalls: number): number {
  const ascending = work.slice().sort();
  const kept = Math.max(0, ascending.length - Math.floor(lateCalls));
  let sum = 0;
  for (let i = 0; i < kept; i++) sum += ascending[i]!;
  return sum;
}
