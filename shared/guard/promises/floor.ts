/** The promise of the floor: what in-flight invocations prove to be needed is asked for, whatever a policy proposes. */
import type { Tick } from "../../core/window.ts";
import { rateLimit } from "../rate-limit.ts";
import { broken, isFreeze, isHeld, kept, notAsked, type Case, type Check } from "./case.ts";
import { capsSeen } from "./counts.ts";
import { changesBefore } from "./pace.ts";

/** A single tick may be lost on its way to the scaler; of two in a row, one arrived. */
const TICKS_IN_A_ROW = 2;

/** A decision on a window is not below the floor that the ticks before it prove, as far as limits allow. */
export const floorHonoured: Check = (one) => {
  const { current, desired, seq } = one.decision;
  if (current === null || desired === null || seq === null || isFreeze(one.decision) || isHeld(one.decision))
    return notAsked;
  const need = provenNeed(one);
  if (need === null) return notAsked;
  const events = changesBefore(one);
  if (events === null) return notAsked;
  const at = { current, events, nowMs: one.decision.atMs };
  const allowed = need > current ? rateLimit(need, at, one.settings).replicas : need;
  const upper = Math.min(...one.managed.map(({ maxReplicas }) => maxReplicas), ...capsSeen(one));
  const floor = Math.min(need, allowed, upper);
  if (desired >= floor) return kept;
  return broken(`in-flight proves a need of ${need}, ${floor} may be asked for, but ${desired} was decided on`);
};

/**
 * The least that each of the last ticks before the decision proves; null where they prove nothing. The tick of that very instant
 * counts with them: whether the guard had it already cannot be seen.
 */
function provenNeed(one: Case): number | null {
  const { decision, ticks, managed } = one;
  if (managed.length === 0 || decision.guardSinceMs === undefined) return null;
  const target = Math.max(...managed.map(({ targetInFlight }) => targetInFlight));
  const received = upTo(ticks, decision.atMs).filter(({ atMs }) => atMs > decision.guardSinceMs!);
  const asked = received.at(-1)?.atMs === decision.atMs ? TICKS_IN_A_ROW + 1 : TICKS_IN_A_ROW;
  let least = Infinity;
  for (let back = 0; back < asked; back++) {
    const need = needAt(received.slice(0, received.length - back), target, one);
    if (need === null) return null;
    least = Math.min(least, need);
  }
  return least;
}

/** KPA's panic need at the newest of these ticks, where it crosses the threshold. */
function needAt(ticks: readonly Tick[], targetInFlight: number, { decision, settings }: Case): number | null {
  const newest = ticks.at(-1);
  const spanMs = settings.panicWindowSeconds * 1_000;
  if (newest === undefined || decision.atMs - newest.atMs > spanMs || !isFresh(newest, settings)) return null;
  const samples = ticks.filter((tick) => tick.atMs > newest.atMs - spanMs && isFresh(tick, settings));
  const mean = samples.reduce((sum, { inFlight }) => sum + inFlight!, 0) / samples.length;
  const need = Math.ceil(mean / targetInFlight);
  return need / Math.max(1, newest.availableReplicas!) >= settings.panicThresholdRatio ? need : null;
}

function isFresh({ inFlight, availableReplicas, metricAgeSeconds }: Tick, { maxTickAgeSeconds }: Case["settings"]) {
  const measured = inFlight !== null && availableReplicas !== null && metricAgeSeconds !== null;
  return measured && metricAgeSeconds <= maxTickAgeSeconds;
}

/** The last ticks up to an instant; the list is in order. */
function upTo(ticks: readonly Tick[], atMs: number): readonly Tick[] {
  const end = ticks.findLastIndex((tick) => tick.atMs <= atMs) + 1;
  return ticks.slice(Math.max(0, end - 64), end);
}
