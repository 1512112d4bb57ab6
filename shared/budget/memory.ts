/** What `slo-budget` has learned of a function, as plain numbers that travel with its decisions. */
import { NO_DEMAND, type DemandSums } from "../core/demand.ts";

/** What the policy has learned of a function; numbers only, so that targets can carry it. */
export interface BudgetMemory extends DemandSums {
  /** Replicas there are to be ÷ those that the load keeps 70 % busy; 0 until the first window that served something. */
  readonly headroom: number;
  /** Windows learned from, each by its arrivals ÷ usual arrivals; and the requests that ended in them. */
  readonly learned: number;
  readonly requests: number;
  /** Of the requests that ended lately, how many were late, and how many there were: the last two hours, or the last 3,000 of them. */
  readonly recentLate: number;
  readonly recentEnded: number;
  /** Arrivals of a window, over the last twenty or so. */
  readonly usualArrivals: number;
  /** Share of requests that fail by themselves. */
  readonly ownFailureShare: number;
  /** What a steady load would be given by the latency curve; 0 until the first window that served something. */
  readonly steadyHeadroom: number;
  /** Ready at the end of the last window; 0 before the first. */
  readonly readyBefore: number;
  /** Windows in a row at whose end the maximum was ready. */
  readonly atMaximum: number;
}

/** The memory before the first window. */
export const NOTHING_LEARNED: BudgetMemory = {
  ...NO_DEMAND,
  headroom: 0,
  learned: 0,
  requests: 0,
  recentLate: 0,
  recentEnded: 0,
  usualArrivals: 0,
  ownFailureShare: 0,
  steadyHeadroom: 0,
  readyBefore: 0,
  atMaximum: 0,
};

/** The headroom stays within this: with less than half the replicas that the load keeps 70 % busy, no request is in time. */
export const MIN_HEADROOM = 0.5;
/** The largest headroom. */
export const MAX_HEADROOM = 8;

/** The numbers of a memory that came from elsewhere; null where they are none of this policy's. */
export function readMemory(numbers: Readonly<Record<string, number>> | undefined): BudgetMemory | null {
  if (numbers === undefined) return null;
  const read: Record<string, number> = {};
  for (const name of Object.keys(NOTHING_LEARNED)) {
    const value = numbers[name];
    if (value === undefined || !Number.isFinite(value) || value < 0) return null;
    read[name] = value;
  }
  const memory = read as unknown as BudgetMemory;
  return memory.headroom === 0 ? memory : { ...memory, headroom: clamp(memory.headroom, MIN_HEADROOM, MAX_HEADROOM) };
}

/** The value, or the bound that it is beyond. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
