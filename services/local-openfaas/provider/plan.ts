/** What to start and what to drain so that the replicas become what is desired. Pure; called after every change. */
import type { Replica } from "./types.ts";

/** A replica, and which deployment it is of. */
export interface PlannedReplica extends Pick<Replica, "id" | "state" | "startedAtMs"> {
  /** Counts deployments of the function: a replica of an earlier one is replaced. */
  readonly generation: number;
}

/** What is to be done. */
export interface Plan {
  readonly starts: number;
  /** Ids, in the order in which they leave. */
  readonly drains: readonly string[];
}

/** How many replicas above the desired count a rolling update may run. */
const MAX_SURGE = 1;

/**
 * Scale-down takes what is not ready first, then the newest. A rolling update starts new replicas one above the
 * desired count and drains an old one only when the ready ones would still be as many as desired.
 */
export function planReplicas(replicas: readonly PlannedReplica[], desired: number, generation: number): Plan {
  const live = replicas.filter(({ state }) => state === "starting" || state === "ready");
  const current = live.filter((replica) => replica.generation === generation);
  const old = live.filter((replica) => replica.generation !== generation);
  const surplus = [...current].sort(leavesFirst).slice(0, Math.max(0, current.length - desired));

  const oldNotReady = old.filter(({ state }) => state === "starting");
  const oldReady = old.filter(({ state }) => state === "ready").sort(leavesFirst);
  const currentReady = current.filter((replica) => replica.state === "ready" && !surplus.includes(replica)).length;
  const dispensable = Math.max(0, currentReady + oldReady.length - desired);
  const replaced = [...oldNotReady, ...oldReady.slice(0, dispensable)];

  const staying = live.length - surplus.length - replaced.length;
  const room = old.length > 0 ? desired + MAX_SURGE - staying : desired - staying;
  const missing = desired - (current.length - surplus.length);
  return {
    starts: Math.max(0, Math.min(missing, room)),
    drains: [...surplus, ...replaced].map(({ id }) => id),
  };
}

function leavesFirst(a: PlannedReplica, b: PlannedReplica): number {
  if (a.state !== b.state) return a.state === "ready" ? 1 : -1;
  return b.startedAtMs - a.startedAtMs;
}
