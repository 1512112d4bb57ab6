/** One policy on one cell with one seed: the smallest thing that an evaluation does. */
import { planSchedule, type Schedule } from "../traces/schedule.ts";
import type { Trace } from "../traces/trace.ts";
import type { SimProfile } from "../sim/profiles.ts";
import type { GuardSwitch } from "../sim/scaler.ts";
import { simulate, type SimTotals, type SimWindowRecord, type SimWindowTruth } from "../sim/simulate.ts";
import { foresee, type Bounds, type Foreseen } from "./foresight/bounds.ts";
import { foresightOf, initialReplicas, neededSpan, type NeededSpan } from "./foresight.ts";
import type { EvaluatedPolicy } from "./policies.ts";
import { timelineOf, type Timeline } from "./timeline.ts";
import { WINDOW_SECONDS } from "../core/window.ts";

/** What a policy is evaluated on. */
export interface Cell {
  readonly trace: Trace;
  readonly profile: SimProfile;
  readonly rateScale: number;
}

/** How much of a run is kept beside its totals. */
export type Detail = "totals" | "timeline" | "windows";

/** What one run came to. */
export interface Run {
  readonly totals: SimTotals;
  readonly initialReplicas: number;
  readonly needed: NeededSpan;
  /** Of the run of `foresight` alone. */
  readonly bounds: Bounds | null;
  /** Null where it was not asked for. */
  readonly timeline: Timeline | null;
  readonly windows: readonly WindowLine[] | null;
}

/** One window of a run, flat. Latencies in seconds, null when no call ended well in it. */
export interface WindowLine extends SimWindowTruth {
  readonly index: number;
  readonly endedAtSeconds: number;
  /** Null: the policy had nothing to say, or decides on ticks. */
  readonly proposed: number | null;
  /** Desired replicas after the window's decision. */
  readonly applied: number;
  readonly reason: string | null;
}

/** The calls of a cell: for one seed the same for every policy, so that policies are compared in pairs. */
export function scheduleOf({ trace, profile, rateScale }: Cell, seed: number): Schedule {
  return planSchedule(trace, { seed, rateScale, workCv: profile.workCv, windowSeconds: WINDOW_SECONDS });
}

/** One run: a policy on a load with one seed. */
export interface RunOptions {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly policy: EvaluatedPolicy;
  readonly seed: number;
  /** For policies that do not say otherwise. */
  readonly guard: GuardSwitch;
  readonly detail: Detail;
  /** Heard after each window. */
  readonly onWindow?: () => void;
}

/** Same options, same run. */
export function evaluateRun({ schedule, profile, policy, seed, guard, detail, onWindow }: RunOptions): Run {
  let foreseen: Foreseen | null = null;
  const running = policy.start({
    seed,
    foresight: foresightOf(schedule, profile),
    plan: () => (foreseen = foresee(schedule, profile, seed)).plan,
  });
  const initial = initialReplicas(schedule, profile);
  const { windows, totals } = simulate({
    schedule,
    profile,
    seed,
    initialReplicas: initial,
    guard: policy.guard ?? guard,
    ...(policy.guardSettings ? { guardSettings: policy.guardSettings } : {}),
    ...(running.pace === "window" ? { policy: running.policy } : { tickPolicy: running.policy, guard: "off" }),
    ...(onWindow ? { onWindow } : {}),
  });
  return {
    totals,
    initialReplicas: initial,
    needed: neededSpan(schedule, profile),
    bounds: (foreseen as Foreseen | null)?.bounds ?? null,
    timeline: detail === "timeline" ? timelineOf(windows, schedule.windowSeconds) : null,
    windows: detail === "windows" ? windows.map(lineOf) : null,
  };
}

function lineOf({ index, window, truth, decision }: SimWindowRecord): WindowLine {
  return {
    index,
    endedAtSeconds: window.endedAtMs / 1000,
    ...truth,
    proposed: decision?.proposed ?? null,
    applied: decision?.applied ?? truth.desired,
    reason: decision?.reason ?? null,
  };
}
