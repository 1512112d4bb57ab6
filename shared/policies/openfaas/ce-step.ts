/** What the community gateway does with an alert: steps up while it fires, falls to the minimum when it is resolved. */

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

export const CE_CAP = 5;
/** In the gateway's source; its documentation still says 20. */
export const CE_FACTOR_PERCENT = 10;

export function ceStep({ status, current, minReplicas, maxReplicas, factorPercent, cap }: CeScale): number {
  const most = Math.min(maxReplicas, cap);
  const step = Math.ceil((most / 100) * factorPercent);
  return status === "firing" && step > 0 ? Math.min(current + step, most) : minReplicas;
}
