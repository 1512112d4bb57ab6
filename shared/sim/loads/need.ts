/** How large a load is, and how many replicas of a function it needs. */
import type { Trace } from "../../traces/trace.ts";
import { neededReplicas, type SimProfile } from "../profiles.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";

/** What a trace asks for, window by window. */
export interface Demand {
  /** Mean work (1 = the function's mean) of a second of each window; the rate, where the trace does not record the work. */
  readonly workPerSecond: readonly number[];
  readonly calls: number;
  readonly mean: number;
  readonly peak: number;
}

/** A bin that reaches over the edge of a window is shared out in proportion. */
export function demandOf(trace: Trace, durationSeconds: number): Demand {
  const windows = Math.max(1, Math.ceil(durationSeconds / WINDOW_SECONDS));
  const work = new Float64Array(windows);
  const add = (atSeconds: number, amount: number) => {
    work[Math.min(windows - 1, Math.floor(atSeconds / WINDOW_SECONDS))]! += amount;
  };
  let calls = 0;
  if (trace.kind === "instants") {
    trace.arrivalSeconds.forEach((at, i) => add(at, trace.work?.[i] ?? 1));
    calls = trace.arrivalSeconds.length;
  } else {
    trace.counts.forEach((count, bin) => {
      calls += count;
      const begins = bin * trace.binSeconds;
      const ends = begins + trace.binSeconds;
      for (let at = begins; at < ends;) {
        const until = Math.min(ends, (Math.floor(at / WINDOW_SECONDS) + 1) * WINDOW_SECONDS);
        add(at, (count * (until - at)) / trace.binSeconds);
        at = until;
      }
    });
  }
  const workPerSecond = Array.from(work, (amount) => amount / WINDOW_SECONDS);
  return { workPerSecond, calls, mean: meanOf(workPerSecond), peak: Math.max(...workPerSecond) };
}

/** The replicas that a load needs. */
export interface Need {
  /** Over the windows, at least one replica in each. */
  readonly mean: number;
  readonly peak: number;
}

/** N* = ⌈λ·W ÷ (c · 0.7)⌉ of each window, unbounded. */
export function needOf({ workPerSecond }: Demand, profile: SimProfile): Need {
  const needed = workPerSecond.map((rate) => neededReplicas(profile, rate));
  return { mean: meanOf(needed), peak: Math.max(...needed) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
