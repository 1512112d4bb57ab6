/** How many replicas a function's load needs, window after window: what headroom is left above, and what rewards are scaled by. */
import { DemandEstimate } from "../core/demand.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { DecidableWindow } from "../core/window.ts";

/** Replicas that the load needs at 70 % use, not rounded, at most the function's maximum. */
export interface LoadNeed {
  /** In the last window. */
  readonly now: number;
  /** In the busiest of the last ten. */
  readonly peak: number;
}

const PEAK_WINDOWS = 10;
/** The usual need is the mean of all windows so far, and fades at this rate once there are many. */
const USUAL_RATE = 1 / 120;

/** The need of one function's load, as the last window left it; 0 before the first. */
export class LoadMeter implements LoadNeed {
  readonly #managed: ManagedFunction;
  readonly #demand = new DemandEstimate();
  readonly #needs: number[] = [];
  #usual = 0;
  #seen = 0;

  constructor(managed: ManagedFunction) {
    this.#managed = managed;
  }

  /** The windows of the function in their order. */
  see(window: DecidableWindow): void {
    const { replicas } = this.#demand.see(window, this.#managed);
    const now = Math.min(this.#managed.maxReplicas, replicas);
    if (this.#needs.push(now) > PEAK_WINDOWS) this.#needs.shift();
    this.#usual += (now - this.#usual) * Math.max(USUAL_RATE, 1 / ++this.#seen);
  }

  get now(): number {
    return this.#needs.at(-1) ?? 0;
  }

  get peak(): number {
    return Math.max(0, ...this.#needs);
  }

  /** What the load usually needs, replicas. */
  get usual(): number {
    return this.#usual;
  }
}
