/** The product's own reading of the five actions: how much room to leave above the load. */
import type { ReplicaBounds } from "./change.ts";

/** What an agent's actions mean: a change of the desired replicas, as published, or the headroom to leave. */
export const ACTION_SCHEMES = ["change", "headroom"] as const;
export type ActionScheme = (typeof ACTION_SCHEMES)[number];

/** Replicas that the load needs at 70 % use: now, and in the busiest of the last ten windows. */
export interface Need {
  readonly now: number;
  readonly peak: number;
}

/** Room above what is needed now, for what may come; or above the peak, which may come again. */
export const HEADROOM = [
  { of: "now", times: 1.2 },
  { of: "now", times: 1.5 },
  { of: "now", times: 1.9 },
  { of: "now", times: 2.5 },
  { of: "peak", times: 1.3 },
] as const satisfies readonly { of: keyof Need; times: number }[];

/** What a steady hand would always do: agents are compared with it while they learn. */
export const STEADY_HEADROOM = 1;

/**
 * Replicas = ⌈need · headroom⌉ within the bounds. A change of at most two would follow a burst too slowly up, and, behind a
 * guard that waits before it lets a count fall, far too slowly down.
 */
export function headroomReplicas(need: Need, action: number, { minReplicas, maxReplicas }: ReplicaBounds): number {
  const { of, times } = HEADROOM[action]!;
  return Math.min(maxReplicas, Math.max(minReplicas, Math.ceil(need[of] * times - 1e-9)));
}
