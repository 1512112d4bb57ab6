/** The published agents' five actions: a change of the *desired* replicas. */
import { isWithin, type ActionScheme } from "./scheme.ts";

const DELTAS = [-2, -1, 0, 1, 2] as const;
const NO_CHANGE = DELTAS.indexOf(0);

/** Five actions: the desired count changes by −2, −1, 0, +1 or +2. */
export const change: ActionScheme = {
  name: "change",
  count: DELTAS.length,
  constantAction: NO_CHANGE,
  isHoldable: false,
  // Changing nothing is always allowed.
  maskOf: ({ desiredReplicas, bounds }) =>
    Uint8Array.from(DELTAS, (delta) => (delta === 0 || isWithin(desiredReplicas + delta, bounds) ? 1 : 0)),
  requestOf(action, { desiredReplicas, bounds }) {
    const delta = DELTAS[action]!;
    const replicas = desiredReplicas + delta;
    const words = delta === 0 ? `keep ${replicas}` : `${delta > 0 ? "+" : "−"}${Math.abs(delta)} on ${desiredReplicas}`;
    return { replicas, isWithinBounds: delta === 0 || isWithin(replicas, bounds), words, headroom: null };
  },
  actionFor(replicas, desiredReplicas) {
    const action = DELTAS.findIndex((delta) => delta === replicas - desiredReplicas);
    return action < 0 ? null : action;
  },
};
