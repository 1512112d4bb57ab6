/** Promises about how fast the count moves: rate limits, no flapping, patience after a restart. */
import { rateLimit, type ScaleEvent } from "../rate-limit.ts";
import { broken, changeOf, earlierSince, isHeld, kept, notAsked, type Case, type Check } from "./case.ts";

/** Our own changes of the longest period, as far as this guard can remember; null where the record lacks some. */
export function changesBefore(one: Case): ScaleEvent[] | null {
  const { scaleUpPeriodSeconds, scaleDownPeriodSeconds } = one.settings;
  const sinceMs = one.decision.atMs - Math.max(scaleUpPeriodSeconds, scaleDownPeriodSeconds) * 1_000;
  const { found, isWhole } = earlierSince(one, sinceMs);
  return isWhole ? found.map((other) => ({ atMs: other.atMs, change: changeOf(other) })) : null;
}

/** Only the bounds go before the rate: a lift to the minimum, a cut to the maximum or to the platform's cap. */
export const withinRates: Check = (one) => {
  const { current, desired, atMs } = one.decision;
  if (current === null || desired === null || desired === current || isHeld(one.decision)) return notAsked;
  const events = changesBefore(one);
  if (events === null || one.managed.length === 0) return notAsked;
  const limited = rateLimit(desired, { current, events, nowMs: atMs }, one.settings);
  if (limited.replicas === desired || isBound(one, desired)) return kept;
  return broken(`${current} → ${desired}: ${limited.note}`);
};

/** A scale-down goes no lower than the largest recommendation of the stabilisation span. */
export const noFlapping: Check = (one) => {
  const { current, desired, atMs } = one.decision;
  if (current === null || desired === null || desired >= current || one.managed.length === 0) return notAsked;
  if (isHeld(one.decision)) return notAsked;
  const { stabilisationSeconds } = one.settings;
  for (const other of earlierSince(one, atMs - stabilisationSeconds * 1_000).found) {
    const wanted = other.stages.find(({ stage }) => stage === "floor")?.replicas ?? 0;
    if (Math.min(wanted, current) > desired && !isBound(one, desired)) {
      const agoSeconds = (atMs - other.atMs) / 1_000;
      return broken(`${current} was lowered to ${desired} though ${wanted} were asked for ${agoSeconds} s before`);
    }
  }
  return kept;
};

/** Nothing scales down within one stable window of the guard's start, and a new lease begins with a new guard. */
export const patientAfterRestart: Check = (one) => {
  const { current, desired, atMs, fencing, guardSinceMs } = one.decision;
  const before = one.earlier.at(-1);
  if (guardSinceMs === undefined) return notAsked;
  if (before?.guardSinceMs === guardSinceMs && before.fencing !== fencing) {
    return broken(`decided under fencing ${fencing} with what was remembered under ${before.fencing}`);
  }
  const { stableWindowSeconds } = one.settings;
  if (current === null || desired === null || atMs - guardSinceMs > stableWindowSeconds * 1_000) return notAsked;
  if (desired >= current) return kept;
  return broken(`${current} was lowered to ${desired} ${(atMs - guardSinceMs) / 1_000} s after a restart`);
};

/** Whether the bounds alone ask for it: down to a maximum, up to a minimum. A cap of the platform limits a rise, and lowers nothing. */
function isBound({ managed, decision }: Case, replicas: number): boolean {
  const isDown = replicas < decision.current!;
  const ends = managed.map(({ minReplicas, maxReplicas, platform }) =>
    isDown ? [maxReplicas] : [minReplicas, platform?.minReplicas ?? minReplicas],
  );
  return ends.flat().includes(replicas);
}
