/** KEDA's fallback: what is reported to the HPA when a trigger cannot be read. */

/** KEDA's fallback behaviours. */
export const FALLBACK_BEHAVIOURS = [
  "static",
  "currentReplicas",
  "currentReplicasIfHigher",
  "currentReplicasIfLower",
] as const;
/** One of `FALLBACK_BEHAVIOURS`. */
export type FallbackBehaviour = (typeof FALLBACK_BEHAVIOURS)[number];

/** The `fallback` of a ScaledObject. */
export interface KedaFallback {
  /** Failures in a row that are still tolerated. */
  readonly failureThreshold: number;
  readonly replicas: number;
  readonly behaviour: FallbackBehaviour;
}

/** Whether a trigger answers, and its failures in a row. */
export interface TriggerHealth {
  readonly status: "happy" | "failing";
  readonly failuresInARow: number;
}

/** The health before the first failure. */
export const HAPPY: TriggerHealth = { status: "happy", failuresInARow: 0 };

/** What the HPA gets from a trigger: a metric, perhaps the fallback's, or an error. */
export type TriggerReading =
  | { readonly kind: "metric"; readonly value: number; readonly fallback: boolean }
  /** The error goes on to the HPA, which then does not scale down. */
  | { readonly kind: "error" };

/**
 * `value` null: the trigger could not be read. After *more than* `failureThreshold` failures in a row the metric becomes
 * target × fallback replicas; for the type `Value`, which the HPA multiplies by the ready pods, that ÷ ready.
 */
export function readTrigger(
  health: TriggerHealth,
  value: number | null,
  {
    target,
    type,
    current,
    ready,
    fallback,
  }: {
    readonly target: number;
    readonly type: "AverageValue" | "Value";
    readonly current: number;
    readonly ready: number;
    readonly fallback: KedaFallback | null;
  },
): { readonly health: TriggerHealth; readonly reading: TriggerReading } {
  if (value !== null) return { health: HAPPY, reading: { kind: "metric", value, fallback: false } };
  const failing: TriggerHealth = { status: "failing", failuresInARow: health.failuresInARow + 1 };
  if (fallback === null || failing.failuresInARow <= fallback.failureThreshold)
    return { health: failing, reading: { kind: "error" } };
  const wanted = target * fallbackReplicas(fallback, current);
  const reported = type === "Value" ? wanted / Math.max(1, ready) : wanted;
  return { health: failing, reading: { kind: "metric", value: reported, fallback: true } };
}

function fallbackReplicas({ behaviour, replicas }: KedaFallback, current: number): number {
  switch (behaviour) {
    case "static":
      return replicas;
    case "currentReplicas":
      return current;
    case "currentReplicasIfHigher":
      return Math.max(current, replicas);
    case "currentReplicasIfLower":
      return Math.min(current, replicas);
  }
}
