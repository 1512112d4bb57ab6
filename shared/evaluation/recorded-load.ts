/** What was recorded of a running function, as something to simulate: its load as a schedule, itself as a profile. */
import type { ManagedFunction } from "../core/managed-function.ts";
import { planSchedule, type Schedule } from "../traces/schedule.ts";
import type { BinnedTrace } from "../traces/trace.ts";
import { type MetricsWindow, WINDOW_SECONDS } from "../core/window.ts";
import { simProfile, type SimProfile } from "../sim/profiles.ts";

/** Beyond this use how long a call waits for others depends on more than the use. */
const QUIET_CPU_RATIO = 0.4;
/** A sleep of less than this share of the work cannot be told apart from the round trip. */
const MIN_SLEEP_SHARE = 0.2;
/** Fewer windows are too much by chance. */
const MIN_SETTLED = 3;
/** Replicas of the base profile that one of its nodes holds. */
const REPLICAS_A_NODE = 30;

/**
 * Arrivals of the windows in their order, spread evenly at random inside each. A window that is missing or has no count is
 * taken to be like the one before.
 */
export function recordedTrace(windows: readonly MetricsWindow[]): BinnedTrace {
  const counts: number[] = [];
  let lastSeq = windows[0] ? windows[0].seq - 1 : 0;
  for (const { seq, arrivals } of windows) {
    const before = counts.at(-1) ?? 0;
    for (let missing = lastSeq + 1; missing < seq; missing++) counts.push(before);
    counts.push(arrivals ?? before);
    lastSeq = seq;
  }
  const binSeconds = windows[0]?.windowSeconds ?? WINDOW_SECONDS;
  return { kind: "binned", format: "counts-30s", name: "recorded", binSeconds, counts };
}

/** A stretch of a recorded trace, in its windows. */
export interface Excerpt {
  readonly fromWindow: number;
  readonly windows: number;
}

/** Arrivals with the counts of an excerpt of a recorded trace. */
export function recordedSchedule(
  trace: BinnedTrace,
  { workCv }: SimProfile,
  seed: number | string,
  excerpt: Excerpt = { fromWindow: 0, windows: trace.counts.length },
): Schedule {
  const { binSeconds } = trace;
  return planSchedule(trace, {
    seed,
    workCv,
    windowSeconds: binSeconds,
    fromSeconds: excerpt.fromWindow * binSeconds,
    durationSeconds: excerpt.windows * binSeconds,
  });
}

/**
 * The function as its windows show it. A call's work is what replicas were busy for each call answered well: the simulator is
 * given it as CPU time on a replica of the base profile's size, for only their ratio can be seen from outside. What a call
 * took beyond that when the replicas were idle is sleep. Start-up, routing and quotas are the base profile's.
 */
export function recordedProfile(
  windows: readonly MetricsWindow[],
  managed: ManagedFunction,
  base: SimProfile = simProfile("stress"),
): SimProfile {
  const { functionName, slo, targetInFlight, minReplicas, maxReplicas } = managed;
  const cores = base.parameters.cpuLimitCores;
  let busySeconds = 0;
  let served = 0;
  for (const { cpuRatio, availableReplicas, completedOk, windowSeconds } of settled(windows)) {
    if (cpuRatio === null || availableReplicas === null || completedOk === null || completedOk === 0) continue;
    busySeconds += cpuRatio * availableReplicas * windowSeconds;
    served += completedOk;
  }
  const busyPerCall = served > 0 ? busySeconds / served : base.cpuSeconds / cores;
  // Sharing a processor stretches a call to S ÷ (1 − ρ).
  const own = windows.flatMap(({ cpuRatio, executionSecondsMean: taken }) =>
    cpuRatio !== null && cpuRatio < QUIET_CPU_RATIO && taken !== null ? [taken * (1 - cpuRatio)] : [],
  );
  const ownSeconds = median(own) ?? busyPerCall;
  const sleepSeconds = ownSeconds - busyPerCall;
  return simProfile(base, {
    name: functionName,
    cpuSeconds: Math.max(1e-4, busyPerCall * cores),
    sleepSeconds: sleepSeconds > MIN_SLEEP_SHARE * busyPerCall ? sleepSeconds : 0,
    slo,
    targetInFlight,
    minReplicas,
    maxReplicas,
    parameters: { nodes: Math.max(base.parameters.nodes, Math.ceil(maxReplicas / REPLICAS_A_NODE)) },
  });
}

/**
 * Those in which the count did not change: the start of a process takes as much CPU time as a dozen calls of a tenth of a second at a
 * time-lapse of ten, and where replicas came or went their number at the end is not what the CPU time was shared by. All of
 * them where too few are such.
 */
function settled(windows: readonly MetricsWindow[]): readonly MetricsWindow[] {
  const still = windows.filter(({ availableReplicas, desiredReplicas, cpuRatio, completedOk }, i) => {
    const before = windows[i - 1];
    if (cpuRatio === null || !completedOk) return false;
    return availableReplicas === desiredReplicas && (!before || before.availableReplicas === availableReplicas);
  });
  return still.length < MIN_SETTLED ? windows : still;
}

/** Replicas that a call per second keeps busy. */
export function replicasPerRps({ cpuSeconds, parameters }: SimProfile): number {
  return cpuSeconds / parameters.cpuLimitCores;
}

function median(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null;
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
