/** From what was learned to a target: how many replicas, how much room, and how long a need is held. */
import type { ReplicaTarget } from "../core/replica-target.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { replicasPerRpsOf } from "../core/demand.ts";
import type { PolicyAnswer } from "../core/policy.ts";
import { budgetOf, budgetWords, percentWords } from "../core/slo.ts";
import type { DecidableWindow } from "../core/window.ts";
import { trimmed } from "../core/spoken.ts";
import { wholeReplicas } from "../core/whole-replicas.ts";
import { mostInFlight } from "./first-headroom.ts";
import { debtFactor, type BudgetSettings } from "./learn.ts";
import { lateForReplicas, ownFailures } from "./late-for-replicas.ts";
import type { BudgetMemory } from "./memory.ts";

/** How a headroom is learned, and how long a need is held. */
export interface TargetSettings extends BudgetSettings {
  /** On a steady load a need is held for so long before the count falls, and for as long again as a start costs; seconds. */
  readonly holdSeconds: number;
  /** On one that comes in bursts, for longer: by this power of the headroom that it takes beyond a steady one's. */
  readonly burstPower: number;
  /** And where starts are slow, for so many times the seconds of a start beyond that. */
  readonly holdStarts: number;
}

/**
 * What to say as long as nothing was served, so that what a request takes is not known. Where requests fail for want of replicas, as
 * when the first burst kills the only one, it is twice as many, up to what requests that last as long as the SLO allows would fill.
 */
export function untilServed(window: DecidableWindow, { slo, targetInFlight }: ManagedFunction): PolicyAnswer {
  const { desiredReplicas, arrivals, windowSeconds } = window;
  const unknown = "what a request takes is not known yet";
  const late = lateForReplicas(window, ownFailures(window, targetInFlight) ?? 0);
  const most = wholeReplicas(((arrivals / windowSeconds) * slo.seconds) / targetInFlight);
  const more = Math.min(2 * Math.max(1, desiredReplicas), most);
  if (late === null || late.share <= budgetOf(slo) || more <= desiredReplicas) {
    return { proposedReplicas: desiredReplicas, because: `${unknown}: hold` };
  }
  return { proposedReplicas: more, because: `${unknown}, and ${percentWords(late.share)} failed: up to twice as many` };
}

/** Null as long as nothing was served. */
export function budgetTarget(
  memory: BudgetMemory,
  managed: ManagedFunction,
  options: TargetSettings,
): ReplicaTarget | null {
  const replicasPerRps = replicasPerRpsOf(memory);
  const headroom = memory.headroom * debtFactor(memory, budgetOf(managed.slo), options);
  const perRps = (replicasPerRps ?? 0) * headroom;
  if (replicasPerRps === null || !(perRps > 0) || !Number.isFinite(perRps)) return null;
  return {
    replicasPerRps,
    headroom,
    inFlightPerReplica: mostInFlight(memory, managed),
    patienceSeconds: managed.slo.seconds / 3,
    leastReplicas: 0,
    ...holdOf(memory, managed, options),
    memory: { ...memory },
  };
}

/** What a target comes to on this window's load, for a platform without ticks. */
export function answerOf(
  { replicasPerRps, headroom }: ReplicaTarget,
  { arrivals, windowSeconds, late }: DecidableWindow,
  { slo }: ManagedFunction,
): PolicyAnswer {
  const rps = arrivals / windowSeconds;
  const because =
    `${trimmed(rps)} requests/s × ${trimmed(replicasPerRps)} replicas each × headroom ${trimmed(headroom)}; ` +
    budgetWords(late.share, slo);
  return { proposedReplicas: wholeReplicas(rps * replicasPerRps * headroom), because };
}

const LONGEST_HOLD_SECONDS = 3600;
const LONGEST_HOLD_STARTS = 120;

/**
 * Where a load takes more headroom than a steady one of its kind would, its late requests come at the beginnings of bursts: there it
 * helps more to keep what the last burst needed than to multiply what is needed now.
 */
function holdOf(
  { headroom, steadyHeadroom }: BudgetMemory,
  { startCostSeconds }: ManagedFunction,
  { holdSeconds, holdStarts, burstPower }: TargetSettings,
): { readonly holdSeconds: number; readonly holdStarts: number } {
  const excess = Math.max(1, headroom / Math.max(steadyHeadroom, 1e-9)) ** burstPower;
  return {
    holdSeconds: Math.min(LONGEST_HOLD_SECONDS, (holdSeconds + startCostSeconds) * excess),
    holdStarts: Math.min(LONGEST_HOLD_STARTS, holdStarts * excess),
  };
}
