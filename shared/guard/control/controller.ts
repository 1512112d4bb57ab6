/**
 * The fast controller: holds a policy's target between windows. Each tick it computes what the requests arriving now need; the
 * largest need of the last seconds is the count. Up at once, down without waiting for a window. Pure; its state is plain data.
 */
import type { Tick } from "../../core/window.ts";
import { withNewest } from "../running-largest.ts";
import { needOf, needWords, type Need } from "./need.ts";
import { NO_STARTS, startSecondsOf, watchStarts, type Starts } from "../../core/starts.ts";
import { addPiece, NO_SPAN, rateOf, type SteadySpan } from "./steady-rate.ts";
import type { ReplicaTarget } from "../../core/replica-target.ts";

/** Found by a search over loads; costs and late requests lie flat around them. */
const STEADY = {
  enoughSeconds: 180,
  enoughArrivals: 200,
  longestSeconds: 1800,
  shortestSeconds: 6,
  deviations: 3.5,
  doubt: 1.5,
} as const;
/** Arrivals of a longer time than this between two ticks say nothing of the rate now, seconds. */
const LONGEST_GAP_SECONDS = 60;

/** What the controller remembers of a function between ticks: plain data, never changed in place. */
export interface ControlState {
  /** Up to when arrivals were counted, trace time: a tick shows what there was when its metrics were read. Null before the first. */
  readonly measuredMs: number | null;
  /** From the last reading but one to the last, seconds: as old may be what a tick knows. */
  readonly readEverySeconds: number;
  readonly span: SteadySpan;
  /** Oldest first, each larger than all that follow: the first is the largest of the hold time. */
  readonly needs: readonly Need[];
  readonly starts: Starts;
}

/** The state before the first tick. */
export const NO_CONTROL: ControlState = {
  measuredMs: null,
  readEverySeconds: 0,
  span: NO_SPAN,
  needs: [],
  starts: NO_STARTS,
};

/** Takes a tick. One whose arrivals were not measured leaves the rate as it was: the next that is measured counts for both. */
export function takeTick(
  before: ControlState,
  tick: Pick<Tick, "atMs" | "arrivals" | "inFlight" | "desiredReplicas" | "availableReplicas" | "metricAgeSeconds">,
  target: ReplicaTarget,
): ControlState {
  const { atMs, arrivals, inFlight, metricAgeSeconds } = tick;
  const readMs = atMs - (metricAgeSeconds ?? 0) * 1000;
  // Delivered twice, or late.
  if (before.measuredMs !== null && (arrivals === null ? atMs : readMs) <= before.measuredMs) return before;
  const starts = watchStarts(before.starts, tick);
  if (arrivals === null) return withNeed({ ...before, starts }, atMs, inFlight, target);
  return withNeed(withArrivals(before, starts, { readMs, arrivals }, target), atMs, inFlight, target);
}

/** Takes a new target: what the rate needs under it counts from now on, beside what was needed lately. */
export function takeTarget(state: ControlState, target: ReplicaTarget, nowMs: number): ControlState {
  return withNeed(state, nowMs, null, target);
}

/** What a target comes to: a whole count, and the need behind it in words. */
export interface Wanted {
  readonly proposedReplicas: number;
  readonly because: string;
}

/** Most ticks change nothing, and nobody reads why: words are made when they are asked for. */
class WantedByNeed implements Wanted {
  readonly proposedReplicas: number;
  readonly #need: Need;
  readonly #nowMs: number;

  constructor(need: Need, nowMs: number) {
    // What is whole but for binary fractions stays as it is.
    this.proposedReplicas = Math.ceil(need.replicas - 1e-9);
    this.#need = need;
    this.#nowMs = nowMs;
  }

  get because(): string {
    const agoSeconds = Math.round((this.#nowMs - this.#need.atMs) / 1000);
    return agoSeconds < 1 ? needWords(this.#need) : `${needWords(this.#need)}, ${agoSeconds} s ago`;
  }
}

/** The largest need of the hold time; null while nothing is known of any. */
export function wantedReplicas(state: ControlState, target: ReplicaTarget, nowMs: number): Wanted | null {
  const sinceMs = heldSinceMs(state, nowMs, target);
  const most = state.needs.find(({ atMs }) => atMs > sinceMs);
  return most === undefined ? null : new WantedByNeed(most, nowMs);
}

function withArrivals(
  { measuredMs, span, needs }: ControlState,
  starts: Starts,
  { readMs, arrivals }: { readonly readMs: number; readonly arrivals: number },
  { patienceSeconds }: ReplicaTarget,
): ControlState {
  const seconds = measuredMs === null ? 0 : (readMs - measuredMs) / 1000;
  if (seconds > LONGEST_GAP_SECONDS) return { measuredMs: readMs, readEverySeconds: 0, span: NO_SPAN, needs, starts };
  // What is over before a new replica is there, or before anybody would wait too long for it, is no change to follow.
  const shortestSeconds = Math.max(STEADY.shortestSeconds, (startSecondsOf(starts) ?? 0) / 2, patienceSeconds);
  const longer = addPiece(span, { seconds, arrivals }, { ...STEADY, shortestSeconds });
  return { measuredMs: readMs, readEverySeconds: seconds, span: longer, needs, starts };
}

/** Without a rate there is no telling what is needed: few in flight prove nothing. */
function withNeed(state: ControlState, atMs: number, inFlight: number | null, target: ReplicaTarget): ControlState {
  const rps = rateOf(state.span, STEADY);
  if (rps === null) return state;
  const need = needOf(atMs, { rps, inFlight }, target);
  const sinceMs = heldSinceMs(state, atMs, target);
  const needs = withNewest(state.needs, need, (one) => one.atMs <= sinceMs);
  const { measuredMs, readEverySeconds, span, starts } = state;
  return { measuredMs, readEverySeconds, span, needs, starts };
}

/**
 * Needs after this instant still count. A replica that took long to start is given up as slowly: giving it up too soon costs another
 * start. And what was not measured since the last reading may still be needed.
 */
function heldSinceMs(
  { starts, readEverySeconds }: ControlState,
  nowMs: number,
  { holdSeconds, holdStarts }: ReplicaTarget,
): number {
  return nowMs - (holdSeconds + holdStarts * (startSecondsOf(starts) ?? 0) + readEverySeconds) * 1000;
}
