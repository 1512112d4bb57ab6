/** What `slo-budget` knows before anything was late: from what a lone request takes. */
import type { ManagedFunction } from "../core/managed-function.ts";
import { TARGET_BUSY, type DemandSums } from "../core/demand.ts";
import { budgetOf } from "../core/slo.ts";
import type { DecidableWindow } from "../core/window.ts";
import { busyWithin } from "./latency-curve.ts";
import { clamp, MIN_HEADROOM, type BudgetMemory } from "./memory.ts";

/** Where no curve was measured. */
const DEFAULT_HEADROOM = 2;
const MAX_BY_CURVE = 3;
/** The curve knows steady loads, and a beginning is no time to save. */
const FIRST_ROOM = 1.25;
const MIN_FIRST = 1.2;
/** Replicas as busy as this queue requests, and their latencies measure the queue. */
const FULL_RATIO = 0.75;
/** Places that sleep are crowded with so many times the target. */
const CROWDED = 2;
/** As good as no limit. */
const MAX_IN_FLIGHT = 10_000;

/** What a steady load is worth by the curve, and a little more to begin with. */
export function firstHeadroom(
  demand: DemandSums,
  window: DecidableWindow,
  managed: ManagedFunction,
): Pick<BudgetMemory, "headroom" | "steadyHeadroom"> {
  const steadyHeadroom = headroomByCurve(demand, window, managed) ?? DEFAULT_HEADROOM;
  return { steadyHeadroom, headroom: clamp(FIRST_ROOM * steadyHeadroom, MIN_FIRST, MAX_BY_CURVE) };
}

/**
 * By the latency curve, where a request computes and replicas are not full; else null. What a lone one takes shows in the mean, which
 * sharing stretches to S ÷ (1 − use).
 */
function headroomByCurve(
  { cpuBusySeconds, placeBusySeconds }: DemandSums,
  { executionSecondsMean: meanSeconds, cpuRatio }: DecidableWindow,
  { slo }: ManagedFunction,
): number | null {
  if (placeBusySeconds > cpuBusySeconds || cpuRatio === null || cpuRatio > FULL_RATIO) return null;
  if (meanSeconds === null || meanSeconds === 0) return null;
  const busy = busyWithin(budgetOf(slo), slo.seconds / (meanSeconds * (1 - cpuRatio)));
  return clamp(TARGET_BUSY / busy, MIN_HEADROOM, MAX_BY_CURVE);
}

/** Requests in flight in a replica beyond which a new one would be late; places hold no more than they are meant to. */
export function mostInFlight(
  { cpuBusySeconds, placeBusySeconds, served }: DemandSums,
  { slo, targetInFlight }: Pick<ManagedFunction, "slo" | "targetInFlight">,
): number {
  if (placeBusySeconds > cpuBusySeconds) return CROWDED * targetInFlight;
  // They share the processor: each takes as many times its own seconds as there are others.
  return clamp((slo.seconds * served) / cpuBusySeconds, 1, MAX_IN_FLIGHT);
}
