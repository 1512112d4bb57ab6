/** Of what went wrong in a window, the part that more replicas would have prevented. */
import { failuresOf, type MetricsWindow } from "../core/window.ts";

/** The requests of a window that more replicas could have kept in time. */
export interface Preventable {
  /** Requests that were too slow, turned away or cut off ÷ requests that count, 0…1. */
  readonly share: number;
  /** Requests that count: all that ended but those that failed by themselves. */
  readonly ended: number;
}

/**
 * Null where it was not measured, and where nothing ended. A caller's mistake (4xx) and a function's own failure (5xx) come whatever the
 * count is; 5xx count only beyond `ownShare`, the share of them that the function has in calm windows.
 */
export function lateForReplicas(window: MetricsWindow, ownShare: number): Preventable | null {
  const { completedOk, completedError, late } = window;
  if (completedOk === null || completedError === null || late.share === null) return null;
  const all = completedOk + failuresOf(completedError);
  const own = Math.min(completedError["5xx"], ownShare * all);
  const ended = all - completedError["4xx"] - own;
  if (!(ended > 0)) return null;
  const tooSlow = Math.max(0, late.share * all - failuresOf(completedError));
  const refused = completedError["429"] + completedError["504"] + completedError["5xx"] - own;
  return { share: Math.min(1, (tooSlow + refused) / ended), ended };
}

/** The share of 5xx in a window that shows no other sign of strain; null in one that does, or that says nothing. */
export function ownFailures(window: MetricsWindow, targetInFlight: number): number | null {
  const { completedOk, completedError, inFlightMax, availableReplicas: ready, desiredReplicas: desired } = window;
  if (completedOk === null || completedError === null) return null;
  const all = completedOk + failuresOf(completedError);
  if (!(all > 0) || inFlightMax === null || ready === null || desired === null) return null;
  // Requests fail, too, where they come in a burst, and where replicas die of them or have not started.
  const isStrained = inFlightMax > targetInFlight * Math.max(1, ready) || ready < desired;
  const isTurningAway = completedError["429"] + completedError["504"] > 0;
  return isStrained || isTurningAway ? null : completedError["5xx"] / all;
}
