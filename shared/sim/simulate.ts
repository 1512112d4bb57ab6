/** One policy on one schedule in simulated time: a record for each window, and the totals that policies are judged by. */
import { BadInputError } from "../core/errors.ts";
import type { GuardSettings } from "../guard/guard.ts";
import type { ErrorClass } from "../core/load.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { PolicyAnswer, ScalingPolicy } from "../core/policy.ts";
import type { PolicyIdentity } from "../core/proposal.ts";
import { seededRandom } from "../core/random.ts";
import type { Schedule } from "../traces/schedule.ts";
import { isDecidable, type MetricsWindow, type Tick } from "../core/window.ts";
import type { WindowMode } from "../metrics/reading.ts";
import { randomised, type ParameterRanges, type SimParameters } from "./parameters.ts";
import { simProfile, type ProfileChanges, type SimProfile } from "./profiles.ts";
import type { GuardSwitch, SimDecision } from "./scaler.ts";
import { Session } from "./session.ts";
import type { CallsTruth } from "./tally.ts";

/** A rule at its native pace; what it answers is set at once, within the function's bounds. */
export interface TickPolicy {
  readonly identity: PolicyIdentity;
  onTick(tick: Tick, managed: ManagedFunction): Pick<PolicyAnswer, "proposedReplicas" | "because"> | null;
}

/** What `simulate` runs. */
export interface SimulateOptions {
  /** The same object that the load generator replays. */
  readonly schedule: Schedule;
  readonly profile: string | SimProfile;
  readonly changes?: ProfileChanges;
  readonly seed: number | string;
  /** Asked at the end of each window whose counts were measured. Without it nothing is proposed. */
  readonly policy?: ScalingPolicy;
  readonly tickPolicy?: TickPolicy;
  /** Default `on`. */
  readonly guard?: GuardSwitch;
  readonly guardSettings?: Partial<GuardSettings>;
  /** Default the schedule's. */
  readonly windowSeconds?: number;
  /** Default 2. */
  readonly tickSeconds?: number;
  /** Default `exact`. */
  readonly mode?: WindowMode;
  /** Ready at the start. Default the function's minimum. */
  readonly initialReplicas?: number;
  /** Draws the platform's parameters: `true` from the table's ranges. Default false. */
  readonly randomise?: boolean | ParameterRanges;
  readonly onWindow?: (record: SimWindowRecord) => void;
}

/** The truth of one window, about the calls that ended in it and about replicas. */
export interface SimWindowTruth extends CallsTruth {
  readonly replicaSeconds: number;
  readonly desired: number;
  readonly available: number;
  readonly pending: number;
}

/** What happened in one window. */
export interface SimWindowRecord {
  readonly index: number;
  /** What the policy saw. */
  readonly window: MetricsWindow;
  readonly truth: SimWindowTruth;
  /** Null where no window policy was given. */
  readonly decision: SimDecision | null;
}

/** What a run came to. */
export interface SimTotals {
  readonly durationSeconds: number;
  readonly calls: number;
  readonly ok: number;
  readonly failed: number;
  readonly failedByClass: Readonly<Partial<Record<ErrorClass, number>>>;
  /** Calls over the SLO or failed ÷ all; 0 without calls. */
  readonly sloViolationShare: number;
  /** Of calls answered well, seconds. */
  readonly meanSeconds: number | null;
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
  /** Windows with calls, all of which were answered well ÷ windows with calls; null without any. */
  readonly windowsFullyServedShare: number | null;
  /** Replicas on nodes integrated over the schedule's windows: starts and drains cost, too. */
  readonly replicaSeconds: number;
  /** Σ |change of desired replicas|. */
  readonly churn: number;
  /** Decreases of desired replicas that an increase followed within `REVERSAL_SECONDS`. */
  readonly reversals: number;
  /** Calls that waited for a replica to start. */
  readonly coldStarts: number;
  /** Replicas that became ready; those ready at the start are not among them. */
  readonly replicaStarts: number;
  readonly outOfMemory: number;
  /** Window decisions whose proposal was changed by the guard or the bounds, and those held. */
  readonly clippedDecisions: number;
  readonly heldDecisions: number;
}

/** A whole run: its windows and its totals. */
export interface Simulation {
  readonly windows: readonly SimWindowRecord[];
  readonly totals: SimTotals;
  readonly managed: ManagedFunction;
  /** As drawn, where they were drawn. */
  readonly parameters: SimParameters;
}

/** Runs the schedule to its end, and on until the last call is over. Same options, same result. */
export function simulate(options: SimulateOptions): Simulation {
  const { schedule, policy, tickPolicy, windowSeconds = schedule.windowSeconds, tickSeconds = 2 } = options;
  if (!(windowSeconds > 0))
    throw new BadInputError(`simulate: a window must be longer than 0 s, was: '${windowSeconds}'`);
  if (!(tickSeconds > 0)) throw new BadInputError(`simulate: ticks must be more than 0 s apart, was: '${tickSeconds}'`);
  const random = seededRandom(options.seed);
  const given = simProfile(options.profile, options.changes);
  const parameters = randomised(given.parameters, random.fork("parameters"), options.randomise ?? false);
  const profile = { ...given, parameters };
  const session = new Session({
    schedule,
    profile,
    random,
    mode: options.mode ?? "exact",
    guard: options.guard ?? "on",
    guardSettings: options.guardSettings,
    windowSeconds,
    tickSeconds,
    initialReplicas: options.initialReplicas ?? Math.max(1, profile.minReplicas),
  });
  const { managed, platform } = session;
  const onTick = tickPolicy
    ? (tick: Tick) => {
        const answer = tickPolicy.onTick(tick, managed);
        if (answer !== null) session.scaler.onTickProposal(answer);
      }
    : undefined;

  const windows: SimWindowRecord[] = [];
  const count = Math.ceil(schedule.durationSeconds / windowSeconds - 1e-9);
  for (let index = 0; index < count; index++) {
    const window = session.runWindow(onTick);
    const truth = truthOf(session);
    let decision: SimDecision | null = null;
    if (policy) {
      const answer = isDecidable(window) ? policy.propose({ window, managed, nowMs: window.endedAtMs }) : null;
      decision = session.scaler.onWindow(window, answer, policy.identity);
    }
    const record = { index, window, truth, decision };
    windows.push(record);
    options.onWindow?.(record);
  }
  const replicaSeconds = platform.replicaSeconds;
  session.drain();
  return { windows, managed, parameters, totals: totalsOf(session, schedule, windows, replicaSeconds) };
}

function truthOf({ windowTally: tally, platform, windowReplicaSeconds }: Session): SimWindowTruth {
  return {
    ...tally.truth,
    replicaSeconds: windowReplicaSeconds,
    desired: platform.desired,
    available: platform.available,
    pending: platform.pending,
  };
}

function totalsOf(
  { totalTally: tally, platform, scaler }: Session,
  schedule: Schedule,
  windows: readonly SimWindowRecord[],
  replicaSeconds: number,
): SimTotals {
  const { arrivals, ok, failed, late, p50Seconds, p95Seconds, p99Seconds } = tally.truth;
  return {
    durationSeconds: schedule.durationSeconds,
    calls: arrivals,
    ok,
    failed,
    failedByClass: tally.failedByClass,
    sloViolationShare: arrivals === 0 ? 0 : (late + failed) / arrivals,
    meanSeconds: tally.latency.meanSeconds,
    p50Seconds,
    p95Seconds,
    p99Seconds,
    windowsFullyServedShare: servedShare(platform, schedule),
    replicaSeconds,
    churn: scaler.churn,
    reversals: platform.deployment.reversals.count,
    coldStarts: tally.coldStarts,
    replicaStarts: tally.replicaStarts,
    outOfMemory: tally.outOfMemory,
    clippedDecisions: windows.filter(({ decision }) => decision?.clipped).length,
    heldDecisions: windows.filter(({ decision }) => decision?.held).length,
  };
}

function servedShare(platform: { wasServed(index: number): boolean }, schedule: Schedule): number | null {
  let busy = 0;
  let served = 0;
  let last = -1;
  for (const offset of schedule.offsetSeconds) {
    const index = Math.floor(offset / schedule.windowSeconds);
    if (index === last) continue;
    last = index;
    busy++;
    if (platform.wasServed(index)) served++;
  }
  return busy === 0 ? null : served / busy;
}
