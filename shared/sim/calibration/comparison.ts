/** A live run beside its simulation, window by window, and the goals it is judged by. */
import { median, medianAbsoluteError, medianRelativeError } from "./statistics.ts";

/** What is compared of one window, trace time. */
export interface ComparedWindow {
  readonly throughputRps: number | null;
  /** As callers saw it. */
  readonly p95Seconds: number | null;
  readonly cpuRatio: number | null;
  /** Ready at the window's end. */
  readonly readyReplicas: number | null;
}

/** The same window, as measured and as simulated. */
export interface WindowPair {
  readonly index: number;
  readonly live: ComparedWindow;
  readonly simulated: ComparedWindow;
}

/** The error of the simulation in one quantity, and the goal for it. */
export interface ErrorRow {
  readonly quantity: keyof ComparedWindow;
  /** `relative`: |sim − live| ÷ live. */
  readonly kind: "relative" | "absolute";
  /** Median over windows; null when no window had both. */
  readonly medianError: number | null;
  readonly goal: number;
  readonly reached: boolean | null;
  /** Windows with both. */
  readonly windows: number;
}

/** Median error per window that a calibrated simulator should stay within. */
export const GOALS = {
  throughputRps: { kind: "relative", goal: 0.1 },
  p95Seconds: { kind: "relative", goal: 0.2 },
  cpuRatio: { kind: "absolute", goal: 0.1 },
  readyReplicas: { kind: "absolute", goal: 1 },
} as const satisfies Record<keyof ComparedWindow, { kind: ErrorRow["kind"]; goal: number }>;

/** One row for each quantity of a window. */
export function errorTable(windows: readonly WindowPair[]): ErrorRow[] {
  return (Object.keys(GOALS) as (keyof ComparedWindow)[]).map((quantity) => {
    const { kind, goal } = GOALS[quantity];
    const pairs = windows.map(({ live, simulated }) => ({ measured: live[quantity], modelled: simulated[quantity] }));
    const medianError = kind === "relative" ? medianRelativeError(pairs) : medianAbsoluteError(pairs);
    const both = pairs.filter(({ measured, modelled }) => measured !== null && modelled !== null).length;
    return {
      quantity,
      kind,
      medianError,
      goal,
      reached: medianError === null ? null : medianError <= goal,
      windows: both,
    };
  });
}

/** One number for a search: the errors in units of their goals, summed. A quantity that cannot be compared says nothing. */
export function distance(windows: readonly WindowPair[]): number {
  return errorTable(windows).reduce(
    (sum, { medianError, goal }) => sum + (medianError === null ? 0 : medianError / goal),
    0,
  );
}

/** How far the simulation is from itself with another seed: no calibration gets below it. */
export function seedNoise(runs: readonly (readonly ComparedWindow[])[]): ErrorRow[] {
  const [first = [], ...others] = runs;
  return errorTable(
    others.flatMap((run) => run.map((simulated, index) => ({ index, live: first[index]!, simulated }))),
  );
}

/** Each quantity's median over several simulated runs of the same schedule. */
export function medianRun(runs: readonly (readonly ComparedWindow[])[]): ComparedWindow[] {
  return (runs[0] ?? []).map((_, index) => {
    const of = (quantity: keyof ComparedWindow) =>
      median(runs.flatMap((run) => (run[index]?.[quantity] === null ? [] : [run[index]![quantity]!])));
    return {
      throughputRps: of("throughputRps"),
      p95Seconds: of("p95Seconds"),
      cpuRatio: of("cpuRatio"),
      readyReplicas: of("readyReplicas"),
    };
  });
}
