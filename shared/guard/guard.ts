/** The guard: a policy proposes, the guard decides. Pure; the same in the scaler and in the training environment. */
import type { DecisionTrigger } from "../core/decision.ts";
import type { Wanted } from "./control/controller.ts";
import { bound, boundsOf } from "./bounds.ts";
import { decisionOf, type DecisionBody, type DecisionHead, type GuardDecision } from "./decision.ts";
import { watchForeignWriters } from "./foreign-writers.ts";
import { calm, observe, provenNow } from "./panic.ts";
import { rateLimit } from "./rate-limit.ts";
import type { GuardSettings } from "./settings.ts";
import { remember } from "./stabilise.ts";
import { floor, holdCount, passStages, stagesOf, unchanged, type GuardVersion } from "./stages.ts";
import { begin, noteTick, noteWindow, type ForeignChange, type GuardState } from "./state.ts";
import { isMeasuredTick, reasonToHold } from "./validity.ts";
import { NOT_READ, SOMEONE_ELSE } from "./words.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { PlatformLimits } from "../core/platform-limits.ts";
import { decisionIdOf, type PolicyIdentity } from "../core/proposal.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";

export type { DecisionKind, GuardDecision } from "./decision.ts";
export { chooseTrigger, type ProposalsSoFar, type TriggerChoice } from "./fallback.ts";
export { withApplied, type ScaleOutcome, type SettledDecision } from "./outcome.ts";
export { GUARD_DEFAULTS, GUARD_TABLE, type GuardSettings } from "./settings.ts";
export type { GuardVersion } from "./stages.ts";
export { startGuard, type ForeignChange, type GuardState } from "./state.ts";

/** What `decide` decides on: a closed window, the count and a proposal. */
export interface GuardInput {
  readonly managed: ManagedFunction;
  readonly window: MetricsWindow;
  /** Trace time; the end of the window will do. */
  readonly nowMs: number;
  /** Desired replicas as read from the platform just now; null when it did not answer. */
  readonly current: number | null;
  readonly trigger: Exclude<DecisionTrigger, "floor">;
  readonly policy: PolicyIdentity;
  /** Null when the policy had nothing to say: hold. */
  readonly proposal: { readonly proposedReplicas: number; readonly because: string } | null;
  /** The platform's own clamp, where it is known. */
  readonly platform?: PlatformLimits | null;
  /** Why an operator wants nothing scaled, in words: then nothing is, up or down. */
  readonly frozen?: string | null;
  /** Default 1. */
  readonly guard?: GuardVersion;
}

/** What `onTick` decides on: a tick between windows, and the count. */
export interface TickInput {
  readonly managed: ManagedFunction;
  readonly tick: Tick;
  /** As in `GuardInput`; null when it was not read: then the last known count is used, or the tick's if it is larger. */
  readonly current: number | null;
  readonly platform?: PlatformLimits | null;
  readonly frozen?: string | null;
}

/** The reactive floor's name, in place of a policy's. */
export const FLOOR_POLICY: PolicyIdentity = { name: "panic-floor", version: "1" };

/** Decides on a closed window. Decide and `withApplied` of one function must not overlap with its next. */
export function decide(
  before: GuardState,
  input: GuardInput,
  settings: GuardSettings,
): { readonly decision: GuardDecision; readonly state: GuardState } {
  const { managed, window, policy, trigger, proposal } = input;
  const nowMs = Math.max(input.nowMs, before.clockMs);
  const { functionName, namespace } = managed;
  const { generation, seq } = window;
  const decisionId = decisionIdOf(functionName, window.endedAtMs, generation);
  const head = { decisionId, functionName, namespace, generation, seq, atMs: nowMs, trigger, policy };

  const invalid = reasonToHold(window, settings);
  let state = noteWindow({ ...before, clockMs: nowMs }, window, invalid === null);
  const current = input.current ?? state.expected ?? window.desiredReplicas;
  if (current === null) return { state, decision: decisionWithoutCount(head, proposal?.proposedReplicas ?? null) };

  state = begin(state, current, window.availableReplicas, settings);
  state = { ...state, panic: calm(state.panic, nowMs, settings.stableWindowSeconds) };
  const seen = watchForeignWriters(state, managed, input.current);
  state = seen.state;
  if (seen.backOff !== null) {
    const at = { targetInFlight: managed.targetInFlight, nowMs };
    const ready = { atMs: window.endedAtMs, ready: window.availableReplicas };
    state = { ...state, panic: provenNow(state.panic, ready, at, settings) };
  }

  const frozen = input.frozen ?? null;
  const hold =
    frozen !== null
      ? frozen
      : seen.backOff !== null
        ? `${othersOf(seen.backOff)}; Replicant backs off until the next window`
        : input.current === null
          ? NOT_READ
          : (invalid ?? (proposal === null ? "no proposal" : notACount(proposal)));
  const bounds = boundsOf(managed, input.platform ?? null, current);
  // Holding may lift to the minimum, but neither blindly nor against another writer; the floor goes before both, for it is proven.
  const mayRaise = input.current !== null && frozen === null;
  const mayLift = mayRaise && seen.backOff === null;
  const adopted = seen.report === null || seen.backOff !== null ? null : `${othersOf(seen.report)}; adopted`;
  const passed =
    hold !== null || proposal === null
      ? holdCount(
          { state, current, bounds, why: [hold, adopted].filter(Boolean).join("; "), mayLift, mayRaise },
          settings,
        )
      : passStages(
          { state, current, bounds, proposal, seenAtMs: window.endedAtMs, adopted, guard: input.guard ?? 1 },
          settings,
        );
  const { stages } = passed;
  const kind = stages.at(-1)!.replicas !== current ? "scale" : hold !== null ? "hold" : "keep";
  const because = hold === null && proposal !== null ? proposal.because : null;
  const proposed = proposal?.proposedReplicas ?? null;
  const body = { kind, current, proposed, stages, foreignChange: seen.report } as const;
  return { state: passed.state, decision: decisionOf(head, body, because) };
}

/** Takes a tick between windows. A decision comes out only when the panic floor asks for more than there is. */
export function onTick(
  before: GuardState,
  input: TickInput,
  settings: GuardSettings,
): { readonly decision: GuardDecision | null; readonly state: GuardState } {
  const { managed, tick } = input;
  const nowMs = Math.max(tick.atMs, before.clockMs);
  let state = noteTick({ ...before, clockMs: nowMs }, tick);
  const known = input.current ?? largest(state.expected, tick.desiredReplicas);
  if (known === null) return { state, decision: null };

  state = begin(state, known, tick.availableReplicas, settings);
  const seen = watchForeignWriters(state, managed, input.current, "tick");
  state = seen.state;
  const at = { targetInFlight: managed.targetInFlight, nowMs };
  const { atMs, inFlight, availableReplicas: ready, metricAgeSeconds: age } = tick;
  if (seen.backOff !== null) state = { ...state, panic: provenNow(state.panic, { atMs, ready }, at, settings) };
  if (inFlight === null || ready === null || age === null || age > settings.maxTickAgeSeconds) {
    return { state: { ...state, panic: calm(state.panic, nowMs, settings.stableWindowSeconds) }, decision: null };
  }
  state = { ...state, panic: observe(state.panic, { atMs, inFlight, ready }, at, settings) };
  if (input.frozen || state.panic.sinceMs === null || state.panic.peak <= known) return { state, decision: null };

  const bounds = boundsOf(managed, input.platform ?? null, known);
  const floored = floor(known, state);
  const limited = rateLimit(floored.replicas, { current: known, events: state.events, nowMs }, settings);
  const bounded = bound(limited.replicas, bounds, { current: known, idleSeconds: null, mayLower: false }, settings);
  if (bounded.replicas <= known) return { state, decision: null };

  // Someone else's count may have been met on an earlier tick, on which there was nothing to decide.
  const found = { replicas: known, note: input.current === null ? NOT_READ : othersOf(state.foreign) };
  const stages = stagesOf(found, unchanged(found), floored, unchanged(floored), limited, bounded);
  const asked = { atMs: nowMs, trigger: "floor", policy: FLOOR_POLICY } as const;
  const decision = tickDecision(input, asked, { current: known, proposed: null, stages }, null);
  return { state: { ...state, recommendations: remember(state, floored.replicas, settings) }, decision };
}

/** A tick, and what the policy whose target is held asks for at it. */
export interface HeldTickInput extends TickInput {
  readonly policy: PolicyIdentity;
  /** What the policy's target comes to at this tick; null where it is not known. */
  readonly wanted: Wanted | null;
}

/** Takes a tick on which a policy's target is held, behind guard 2. A decision comes out only when the count is to change. */
export function onHeldTick(
  before: GuardState,
  input: HeldTickInput,
  settings: GuardSettings,
): { readonly decision: GuardDecision | null; readonly state: GuardState } {
  const { managed, tick, wanted, policy } = input;
  // What in-flight requests prove counts here as well: where the policy's own word may not count, it is all there is.
  const proven = onTick(before, input, settings);
  const { current } = input;
  const mayConclude =
    wanted !== null && Number.isFinite(wanted.proposedReplicas) && isMeasuredTick(tick, settings) && !input.frozen;
  if (current === null || !mayConclude || proven.state.foreign !== null) return proven;

  const state = { ...proven.state, recommendations: before.recommendations };
  // The usual case.
  if (isAsWanted(current, input))
    return { state: { ...state, recommendations: remember(state, current, settings) }, decision: null };
  const bounds = boundsOf(managed, input.platform ?? null, current);
  const passed = passStages(
    { state, current, bounds, proposal: wanted, seenAtMs: tick.atMs, adopted: null, guard: 2 },
    settings,
  );
  const { stages } = passed;
  if (stages.at(-1)!.replicas === current) return { state: passed.state, decision: null };
  const asked = { atMs: state.clockMs, trigger: "tick", policy } as const;
  const made = { current, proposed: wanted.proposedReplicas, stages };
  return { state: passed.state, decision: tickDecision(input, asked, made, wanted.because) };
}

/** A decision between windows: there is one only where the count changes. */
function tickDecision(
  { managed, tick }: TickInput,
  { atMs, trigger, policy }: Pick<DecisionHead, "atMs" | "trigger" | "policy">,
  { current, proposed, stages }: Pick<DecisionBody, "current" | "proposed" | "stages">,
  because: string | null,
): GuardDecision {
  const { functionName, namespace } = managed;
  const { generation } = tick;
  const decisionId = `${decisionIdOf(functionName, tick.atMs, generation)}/${trigger}`;
  const head = { decisionId, functionName, namespace, generation, seq: null, atMs, trigger, policy };
  return decisionOf(head, { kind: "scale", current, proposed, stages, foreignChange: null }, because);
}

/** What a tick comes to while the count is not read. */
export interface Glance {
  /** The floor would ask for more if as few replicas were desired as the tick, or what was read back last, allows. */
  readonly isWorthReading: boolean;
  /** After the tick where it is not: nothing is decided then. */
  readonly state: GuardState;
}

/**
 * Takes a tick without the replica count, and says whether that is worth reading: for most ticks it is not. Either the tick or
 * the last reading may be behind: the tick after our own scale-up, what was read back after someone else's scale-down.
 */
export function glance(before: GuardState, input: Omit<TickInput, "current">, settings: GuardSettings): Glance {
  const { state } = onTick(before, { ...input, current: null }, settings);
  // The usual case: whatever the count is, nothing but panic asks for more.
  if (state.panic.sinceMs === null) return { isWorthReading: false, state };
  const counts = [before.expected, input.tick.desiredReplicas].filter((count) => count !== null);
  const fewest = { ...input, current: Math.min(...counts) };
  return { isWorthReading: counts.length > 0 && onTick(before, fewest, settings).decision !== null, state };
}

/** The same of a tick on which a target is held: worth reading where it is not the count that we know, or that the tick reports. */
export function glanceHeld(before: GuardState, input: Omit<HeldTickInput, "current">, settings: GuardSettings): Glance {
  const { state } = onTick(before, { ...input, current: null }, settings);
  const counts = [before.expected, input.tick.desiredReplicas].filter((count) => count !== null);
  // The usual case: every known count is already the wanted one, and nothing but panic asks for more.
  if (state.panic.sinceMs === null && counts.every((count) => isAsWanted(count, input)))
    return { isWorthReading: false, state };
  const isWorthReading = [...new Set(counts)].some(
    (current) => onHeldTick(before, { ...input, current }, settings).decision !== null,
  );
  return { isWorthReading, state };
}

/** A count that is what the target comes to, within the bounds, and that no rule about idle functions can take to zero. */
function isAsWanted(count: number, { managed, wanted, platform }: Omit<HeldTickInput, "current">): boolean {
  if (wanted === null || managed.minReplicas === 0 || count !== Math.ceil(wanted.proposedReplicas)) return false;
  const { lower, upper } = boundsOf(managed, platform ?? null, count);
  return lower > 0 && count >= lower && count <= upper;
}

function notACount({ proposedReplicas }: { readonly proposedReplicas: number }): string | null {
  return Number.isFinite(proposedReplicas) ? null : `the proposal is no replica count: '${proposedReplicas}'`;
}

/** Why the count is not the one that was left; null where it is. */
function othersOf(change: ForeignChange | null): string | null {
  return change === null ? null : `${change.found} ${SOMEONE_ELSE}, ${change.expected} expected`;
}

function largest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** No count was ever read: there is no number to pass through the stages. */
function decisionWithoutCount(head: DecisionHead, proposed: number | null): GuardDecision {
  return {
    ...head,
    kind: "hold",
    current: null,
    proposed,
    stages: [],
    desired: null,
    foreignChange: null,
    reason: "held: the replica count is not known",
  };
}
