/** Promises about the count itself: within the bounds, and never lowered on what was not measured. */
import { isMeasuredTick, reasonToHold } from "../validity.ts";
import { broken, isHeld, kept, notAsked, type Case, type Check } from "./case.ts";

/** The bounds as reported around the decision; a platform's cap below the minimum goes before it. */
export const withinBounds: Check = (one) => {
  const { current, desired } = one.decision;
  if (desired === null || desired === current || one.managed.length === 0) return notAsked;
  const most = Math.max(...one.managed.map(({ maxReplicas }) => maxReplicas));
  const least = Math.min(...one.managed.map(({ minReplicas }) => minReplicas));
  if (desired > most) return broken(`${desired} is above the maximum of ${most}`);
  if (desired < least && !capsSeen(one).has(desired)) return broken(`${desired} is below the minimum of ${least}`);
  return kept;
};

/** Counts at which the platform was seen to stop a request. */
export function capsSeen({ managed, earlier }: Case): ReadonlySet<number> {
  const reported = managed.flatMap(({ platform }) => platform?.maxReplicas ?? []);
  const met = earlier.flatMap(({ desired, applied }) =>
    desired !== null && applied !== null && applied < desired ? [applied] : [],
  );
  return new Set([...reported, ...met]);
}

/** The last replica goes only when there was no work. */
export const restsOnlyIdle: Check = ({ decision, window }) => {
  const { current, desired } = decision;
  if (current === null || current === 0 || desired !== 0 || window === null) return notAsked;
  const { arrivals, inFlightMax } = window;
  if (arrivals === 0 && inFlightMax === 0) return kept;
  return broken(`${current} was lowered to 0 with ${arrivals} arrivals and up to ${inFlightMax} in flight`);
};

/** Missing or stale data and an unread count never lower it; nor does a tick, but one that was measured and on which a target is held. */
export const neverBlindlyDown: Check = ({ decision, window, tick, settings }) => {
  const { current, desired, seq, stages } = decision;
  if (current === null) return desired === null ? kept : broken(`${desired} was decided on without a known count`);
  if (desired === null) return broken("no count was decided though the present one is known");
  const down = desired < current;
  if (seq === null) {
    if (!down) return kept;
    if (decision.trigger !== "tick" || !isHeld(decision)) return broken(`a tick lowered ${current} to ${desired}`);
    if (tick === null || isMeasuredTick(tick, settings)) return kept;
    return broken(`${current} was lowered to ${desired} on a tick that was not measured, or long ago`);
  }
  const invalid = window === null ? null : reasonToHold(window, settings);
  if (!down) return kept;
  if (invalid !== null) return broken(`${current} was lowered to ${desired} though ${invalid}`);
  const held = stages[0]?.note ?? null;
  // A first stage that only reports an adopted count holds nothing.
  if (held === null || /^\d+ set by someone else, \d+ expected; adopted$/.test(held)) return kept;
  return broken(`${current} was lowered to ${desired} though its first stage holds: ${held}`);
};
