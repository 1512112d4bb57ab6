/** The product's five actions: how much room to leave above the load. */
import { trimmed } from "../../core/spoken.ts";
import type { ActionScheme, Headroom } from "./scheme.ts";

/** Room above what is needed now, for what may come; or above the peak, which may come again. */
export const HEADROOMS = [
  { of: "now", times: 1.2 },
  { of: "now", times: 1.5 },
  { of: "now", times: 1.9 },
  { of: "now", times: 2.5 },
  { of: "peak", times: 1.3 },
] as const satisfies readonly Headroom[];

const WORDS = { now: "needed now", peak: "needed at the latest peak" } as const;

/**
 * Replicas = ⌈need · headroom⌉ within the bounds. A change of at most two would follow a burst too slowly up, and, behind a
 * guard that waits before it lets a count fall, far too slowly down.
 */
export const headroom: ActionScheme = {
  name: "headroom",
  count: HEADROOMS.length,
  constantAction: 1,
  isHoldable: true,
  maskOf: () => new Uint8Array(HEADROOMS.length).fill(1),
  requestOf(action, { need, bounds: { minReplicas, maxReplicas } }) {
    const { of, times } = HEADROOMS[action]!;
    const replicas = Math.min(maxReplicas, Math.max(minReplicas, Math.ceil(need[of] * times - 1e-9)));
    const words = `${times} × ${trimmed(need[of])} replicas ${WORDS[of]}`;
    return { replicas, isWithinBounds: true, words, headroom: { of, times } };
  },
  // The count depends on the load, too.
  actionFor: () => null,
};
