/** One run of the simulated platform: observed in ticks and windows, scaled between them. */
import type { GuardSettings } from "../guard/guard.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { Random } from "../core/random.ts";
import type { Schedule } from "../traces/schedule.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { WindowMode } from "../metrics/reading.ts";
import { Observer } from "./observer.ts";
import { SimulatedPlatform } from "./platform.ts";
import { managedFunctionOf, type SimProfile } from "./profiles.ts";
import { SimScaler, type GuardSwitch } from "./scaler.ts";
import { Tally } from "./tally.ts";

/** What a run begins with. */
export interface SessionStart {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly random: Random;
  readonly mode: WindowMode;
  readonly guard: GuardSwitch;
  readonly guardSettings?: Partial<GuardSettings> | undefined;
  readonly windowSeconds: number;
  readonly tickSeconds: number;
  readonly initialReplicas: number;
}

/** A run of the simulator, window by window. */
export class Session {
  readonly managed: ManagedFunction;
  readonly platform: SimulatedPlatform;
  readonly observer: Observer;
  readonly scaler: SimScaler;
  /** The truth of the last window alone, and of all windows so far. */
  readonly windowTally: Tally;
  readonly totalTally = new Tally();
  /** Cost of the last window, and of all. */
  windowReplicaSeconds = 0;
  totalReplicaSeconds = 0;
  readonly #start: SessionStart;
  #windows = 0;

  constructor(start: SessionStart) {
    const { schedule, profile, random, mode, guard, guardSettings, windowSeconds, initialReplicas } = start;
    const managed = managedFunctionOf(profile);
    const platform = new SimulatedPlatform({
      profile,
      schedule,
      replicas: initialReplicas,
      random: random.fork("platform"),
    });
    this.managed = managed;
    this.platform = platform;
    this.windowTally = platform.tally;
    this.observer = new Observer({ platform, profile, random: random.fork("observer"), mode, windowSeconds });
    const { replicaCap: cap, replicaFloor: floor } = profile.parameters;
    const limits = { minReplicas: floor, maxReplicas: cap || null };
    this.scaler = new SimScaler({ platform, managed, guard, settings: guardSettings, limits });
    this.#start = start;
  }

  /** Lives through the next window: ticks on the way, each passed to the guard and to `onTick`; then its metrics. */
  runWindow(onTick?: (tick: Tick) => void): MetricsWindow {
    this.totalTally.addAll(this.windowTally);
    this.windowTally.clear();
    const { windowSeconds, tickSeconds } = this.#start;
    let tickedSeconds = this.#windows * windowSeconds;
    const endSeconds = ++this.#windows * windowSeconds;
    for (;;) {
      const atSeconds = Math.min(endSeconds, tickedSeconds + tickSeconds);
      this.observer.advance(atSeconds);
      this.observer.measure(endSeconds - atSeconds);
      const tick = this.observer.tick(atSeconds - tickedSeconds);
      this.scaler.onTick(tick);
      onTick?.(tick);
      tickedSeconds = atSeconds;
      if (atSeconds >= endSeconds) break;
    }
    const replicaSeconds = this.platform.replicaSeconds;
    this.windowReplicaSeconds = replicaSeconds - this.totalReplicaSeconds;
    this.totalReplicaSeconds = replicaSeconds;
    return this.observer.window();
  }

  /** After the last window: waits until no call waits any more. `totalTally` is whole then. */
  drain(): void {
    const { upstreamTimeoutSeconds, scaleFromZeroPollSeconds, scaleFromZeroPolls } = this.#start.profile.parameters;
    const longestSeconds = upstreamTimeoutSeconds + scaleFromZeroPollSeconds * scaleFromZeroPolls + 1;
    const endSeconds = this.platform.nowSeconds + longestSeconds;
    while (this.platform.waiting > 0 && this.platform.nowSeconds < endSeconds) {
      this.platform.runUntil(this.platform.nowSeconds + 1);
    }
    this.totalTally.addAll(this.windowTally);
    this.windowTally.clear();
  }
}
