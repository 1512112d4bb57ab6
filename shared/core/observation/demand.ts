/** How many replicas the load is worth, learned from what earlier requests took. */
import type { ManagedFunction } from "../managed-function.ts";
import type { DecidableWindow } from "../window.ts";

/** How busy a replica is meant to be, 0…1. */
const TARGET_BUSY = 0.7;
/** What an older window counts against the newest: about the last ten windows speak. */
const KEEP = 0.9;

export interface Demand {
  /** Replicas that this window's arrivals need, not bounded by the function's minimum; 0 without arrivals. */
  readonly replicas: number;
  /** Replicas that a request per second needs; null until something was served. */
  readonly replicasPerRps: number | null;
}

/**
 * Replicas per request and second = busy replica-seconds ÷ served requests ÷ 0.7, both fading sums over windows. Busy are a
 * replica's CPU seconds, or its places where calls wait rather than compute: in-flight ÷ target, whichever says more. Places
 * count only up to the replicas there are: a queue is no work.
 */
export class DemandEstimate {
  #cpuBusySeconds = 0;
  #placeBusySeconds = 0;
  #served = 0;

  see(window: DecidableWindow, { targetInFlight }: ManagedFunction): Demand {
    const { cpuRatio, availableReplicas, inFlightMean, windowSeconds, completedOk, arrivals } = window;
    if (completedOk !== null && completedOk > 0) {
      this.#served = KEEP * this.#served + completedOk;
      const places = Math.min((inFlightMean ?? 0) / targetInFlight, availableReplicas) * TARGET_BUSY;
      this.#cpuBusySeconds = KEEP * this.#cpuBusySeconds + (cpuRatio ?? 0) * availableReplicas * windowSeconds;
      this.#placeBusySeconds = KEEP * this.#placeBusySeconds + places * windowSeconds;
    }
    if (this.#served === 0) return { replicas: 0, replicasPerRps: null };
    const busySeconds = Math.max(this.#cpuBusySeconds, this.#placeBusySeconds);
    const replicasPerRps = busySeconds / this.#served / TARGET_BUSY;
    return { replicas: (arrivals / windowSeconds) * replicasPerRps, replicasPerRps };
  }
}
