/** How many replicas the load is worth, learned from what earlier requests took. */
import type { ManagedFunction } from "./managed-function.ts";
import type { DecidableWindow } from "./window.ts";

/** How busy a replica is meant to be, 0…1. */
export const TARGET_BUSY = 0.7;
/** Weight of a window against the one after it: about the last ten windows count. */
const KEEP = 0.9;

/** How many replicas the load of a window needs. */
export interface Demand {
  /** Replicas that this window's arrivals need, not bounded by the function's minimum; 0 without arrivals. */
  readonly replicas: number;
  /** Replicas that a request per second needs; null until something was served. */
  readonly replicasPerRps: number | null;
}

/**
 * Fading sums over windows. Busy are a replica's CPU seconds, or its places where calls wait rather than compute: in-flight ÷ target,
 * whichever says more.
 */
export interface DemandSums {
  readonly cpuBusySeconds: number;
  readonly placeBusySeconds: number;
  readonly served: number;
}

/** The sums before the first window. */
export const NO_DEMAND: DemandSums = { cpuBusySeconds: 0, placeBusySeconds: 0, served: 0 };

/** Places count only up to the replicas there are: a queue is no work. */
export function addServed(
  sums: DemandSums,
  window: DecidableWindow,
  { targetInFlight }: Pick<ManagedFunction, "targetInFlight">,
  keep = KEEP,
): DemandSums {
  const { cpuRatio, availableReplicas, inFlightMean, windowSeconds, completedOk } = window;
  if (completedOk === null || completedOk === 0) return sums;
  const places = Math.min((inFlightMean ?? 0) / targetInFlight, availableReplicas) * TARGET_BUSY;
  return {
    served: keep * sums.served + completedOk,
    cpuBusySeconds: keep * sums.cpuBusySeconds + (cpuRatio ?? 0) * availableReplicas * windowSeconds,
    placeBusySeconds: keep * sums.placeBusySeconds + places * windowSeconds,
  };
}

/** Busy replica-seconds ÷ served requests ÷ 0.7; null until something was served. */
export function replicasPerRpsOf({ cpuBusySeconds, placeBusySeconds, served }: DemandSums): number | null {
  return served === 0 ? null : Math.max(cpuBusySeconds, placeBusySeconds) / served / TARGET_BUSY;
}

/** The sums of one function, window after window. */
export class DemandEstimate {
  #sums = NO_DEMAND;

  /** Takes the next window, and returns what its load needs. */
  see(window: DecidableWindow, managed: ManagedFunction): Demand {
    this.#sums = addServed(this.#sums, window, managed);
    const replicasPerRps = replicasPerRpsOf(this.#sums);
    const replicas = replicasPerRps === null ? 0 : (window.arrivals / window.windowSeconds) * replicasPerRps;
    return { replicas, replicasPerRps };
  }
}
