/** What every subscriber knows of the collector: its time, how far the wall clocks lie apart, and what of it is not well. */
import type { Clock } from "../core/clock.ts";
import { WINDOW_SECONDS } from "../core/window.ts";
import { CollectorTime, type CollectorTimeStatus, type MeasuredAt, type Timeliness } from "./collector-time.ts";
import type { ReplicantEvent } from "./types.ts";

/** The collector's time, its clock's skew and its problems, for the status. */
export interface CollectorWatchStatus extends CollectorTimeStatus {
  /** The sender's wall clock less this part's; null before the first event. Measured, and never a reason to drop anything. */
  readonly skewMs: number | null;
  /** One sentence for each thing that is not well. */
  readonly problems: readonly string[];
}

/** The clocks of this part: wall and monotonic. */
export interface CollectorWatchClocks {
  readonly clock: Pick<Clock, "nowMs">;
  readonly monotonic: Pick<Clock, "nowMs">;
}

/** How to subscribe to ticks for the time alone: a look is reported in a tick for each function, and any of them will do. */
export const FOLLOWING = { atMostEveryMs: 100 };
/** More than the way over the bus explains. */
const NOTABLE_SKEW_MS = 2_000;
/** So many windows without a sign of life, and no fewer real seconds than that, are reported. */
const SILENT_WINDOWS = 2;
const SILENT_SECONDS = 5;

/** Takes a subscriber's ticks and windows, and judges whether each is still news. */
export class CollectorWatch {
  readonly #time = new CollectorTime();
  #skewMs: number | null = null;
  #windowRealSeconds = WINDOW_SECONDS;

  constructor(readonly clocks: CollectorWatchClocks) {}

  /** Grows with each generation: what is remembered of instants counts only within one. */
  get number(): number {
    return this.#time.number;
  }

  onTick({ time, data: { tick } }: ReplicantEvent<"tick">): Timeliness {
    const timeliness = this.#time.onTick(tick, this.clocks.monotonic.nowMs());
    if (timeliness === "in-time") this.#skewMs = Date.parse(time) - this.clocks.clock.nowMs();
    return timeliness;
  }

  /** `live`: as it was published, not kept for a listener that was away. */
  onWindow({ data: { window } }: ReplicantEvent<"window">, how: { readonly live: boolean }): Timeliness {
    const timeliness = this.#time.onWindow(window, this.clocks.monotonic.nowMs(), how);
    if (timeliness === "in-time") this.#windowRealSeconds = window.windowSeconds / window.timeLapse;
    return timeliness;
  }

  /** Of a window that another part passes on: nothing is learned from it. */
  judge(window: MeasuredAt): Timeliness {
    return this.#time.judge(window, this.clocks.monotonic.nowMs());
  }

  status(): CollectorWatchStatus {
    const time = this.#time.status(this.clocks.monotonic.nowMs());
    return { ...time, skewMs: this.#skewMs, problems: this.#problems(time) };
  }

  #problems({ silentSeconds, refused, lastRefusal }: CollectorTimeStatus): string[] {
    const problems: string[] = [];
    if (silentSeconds !== null && silentSeconds > Math.max(SILENT_SECONDS, SILENT_WINDOWS * this.#windowRealSeconds)) {
      problems.push(`no event from the collector for ${Math.round(silentSeconds)} s`);
    }
    const skewMs = this.#skewMs ?? 0;
    if (Math.abs(skewMs) > NOTABLE_SKEW_MS) {
      const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
      problems.push(`the collector's wall clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} this part's`);
    }
    if (refused > 0) problems.push(`refused ${refused} events of the collector, the last one ${lastRefusal}`);
    return problems;
  }
}
