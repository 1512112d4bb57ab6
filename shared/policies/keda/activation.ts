/** KEDA's half of the work: between nothing and something. From one on it is the HPA's. */

/** The part of a ScaledObject that decides on activation. */
export interface KedaSpec {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** The count while idle, below the minimum; null: `minReplicas`. */
  readonly idleReplicas: number | null;
  /** Strictly more than this activates. */
  readonly activationThreshold: number;
  /** Idle for longer than this before going to idle or zero. */
  readonly cooldownSeconds: number;
}

/** KEDA's defaults. */
export const KEDA_DEFAULTS: KedaSpec = {
  minReplicas: 0,
  maxReplicas: 100,
  idleReplicas: null,
  activationThreshold: 0,
  cooldownSeconds: 300,
};

/** What KEDA remembers of the trigger. */
export interface KedaState {
  readonly lastActiveMs: number | null;
}

/** What a trigger's metric says; `error`: it could not be read. */
export type Activity = "active" | "inactive" | "error";

/** Whether the metric activates; null is an error. */
export function activityOf(metric: number | null, { activationThreshold }: KedaSpec): Activity {
  return metric === null ? "error" : metric > activationThreshold ? "active" : "inactive";
}

/**
 * One poll. Answers the count KEDA sets itself; null: it leaves the count to the HPA, or there is nothing to do. An error
 * changes nothing. A function that was never seen active goes down without cooling.
 */
export function pollKeda(
  state: KedaState,
  activity: Activity,
  current: number,
  spec: KedaSpec,
  nowMs: number,
): { readonly state: KedaState; readonly set: number | null } {
  const { minReplicas, idleReplicas, cooldownSeconds } = spec;
  if (activity === "error") return { state, set: null };
  if (activity === "active") {
    const asleep = current === 0 || (idleReplicas !== null && current < minReplicas);
    return { state: { lastActiveMs: nowMs }, set: asleep ? Math.max(1, minReplicas) : null };
  }
  const rest = idleReplicas ?? (minReplicas === 0 ? 0 : null);
  if (rest !== null && current > rest) {
    const cooled = state.lastActiveMs === null || state.lastActiveMs + cooldownSeconds * 1000 < nowMs;
    return { state, set: cooled ? rest : null };
  }
  return { state, set: idleReplicas === null && current < minReplicas ? minReplicas : null };
}
