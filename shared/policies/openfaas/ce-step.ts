/** What the community gateway does with an alert: steps up while it fires, falls to the minimum when it is resolved. */

/** An alert and the function's scaling labels. */
export interface CeScale {
  readonly status: "firing" | "resolved";
  readonly current: number;
  readonly minReplicas: number;
  /** The function's label; above the cap it counts as the cap. */
  readonly maxReplicas: number;
  /** Percent of the maximum per step; 0 never steps. */
  readonly factorPercent: number;
  /** The edition's own ceiling. */
  readonly cap: number;
}

/** Replicas that the Community Edition allows at most. */
export const CE_CAP = 5;
/** In the gateway's source; its documentation still says 20. */
export const CE_FACTOR_PERCENT = 10;

/** The count after an alert: a step up while it fires, the minimum once it is resolved. */
export function ceStep({ status, current, minReplicas, maxReplicas, factorPercent, cap }: CeScale): number {
  const most = Math.min(maxReplicas, cap);
  const step = Math.ceil((most / 100) * factorPercent);
  return status === "firing" && step > 0 ? Math.min(current + step, most) : minReplicas;
}
