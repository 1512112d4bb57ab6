/**
 * `slo-budget`: keeps an SLO by spending its budget of late requests, and no more.
 *
 * One number is learned: the headroom, how many times the replicas that the load keeps busy there are to be. Each window it moves by
 * how far the share of late requests was from the share aimed at: late requests buy replicas, and a budget left over sells them.
 * Between windows ticks hold it (`core/control`). Nothing is to be set but the SLO.
 */
import type { ReplicaTarget } from "../../core/replica-target.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { replicasPerRpsOf } from "../../core/demand.ts";
import type { PolicyAnswer, ScalingPolicy } from "../../core/policy.ts";
import { budgetOf, budgetWords, percentWords } from "../../core/slo.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { trimmed } from "../../core/spoken.ts";
import { wholeReplicas } from "../words.ts";
import { mostInFlight } from "./first-headroom.ts";
import { BUDGET_DEFAULTS, debtFactor, learn, type BudgetSettings } from "./learn.ts";
import { lateForReplicas, ownFailures } from "./late-for-replicas.ts";
import { NOTHING_LEARNED, readMemory, type BudgetMemory } from "./memory.ts";

/** The options of the policy `slo-budget`. */
export interface SloBudgetOptions extends BudgetSettings {
  readonly name: string;
  /** On a steady load a need is held for so long before the count falls, and for as long again as a start costs; seconds. */
  readonly holdSeconds: number;
  /** On one that comes in bursts, for longer: by this power of the headroom that it takes beyond a steady one's. */
  readonly burstPower: number;
  /** And where starts are slow, for so many times the seconds of a start beyond that. */
  readonly holdStarts: number;
}

/** The options that `slo-budget` has by default. */
export const SLO_BUDGET_OPTIONS: SloBudgetOptions = {
  name: "slo-budget",
  ...BUDGET_DEFAULTS,
  holdSeconds: 15,
  burstPower: 2,
  holdStarts: 1.5,
};

/** Proposes a target whose headroom it learns from the share of late requests. */
export function sloBudgetPolicy(options: SloBudgetOptions = SLO_BUDGET_OPTIONS): ScalingPolicy {
  let memory = NOTHING_LEARNED;
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, memory: numbers }) {
      memory = learn(readMemory(numbers) ?? memory, window, managed, options);
      const target = budgetTarget(memory, managed, options);
      return target === null ? untilServed(window, managed) : { ...answerOf(target, window, managed), target };
    },
  };
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
  options: SloBudgetOptions,
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
  { holdSeconds, holdStarts, burstPower }: SloBudgetOptions,
): { readonly holdSeconds: number; readonly holdStarts: number } {
  const excess = Math.max(1, headroom / Math.max(steadyHeadroom, 1e-9)) ** burstPower;
  return {
    holdSeconds: Math.min(LONGEST_HOLD_SECONDS, (holdSeconds + startCostSeconds) * excess),
    holdStarts: Math.min(LONGEST_HOLD_STARTS, holdStarts * excess),
  };
}
