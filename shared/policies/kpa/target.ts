/** What one replica is to carry, and how many are asked for their metrics. */

/** The metric that a revision scales by. */
export type KpaMetric = "concurrency" | "rps";

/** Knative's default targets and utilisations, by metric. */
export interface TargetSettings {
  readonly concurrencyDefault: number;
  /** 0…1 */
  readonly concurrencyUtilisation: number;
  readonly rpsDefault: number;
  readonly rpsUtilisation: number;
}

/** Knative's defaults. */
export const TARGET_DEFAULTS: TargetSettings = {
  concurrencyDefault: 100,
  concurrencyUtilisation: 0.7,
  rpsDefault: 200,
  rpsUtilisation: 0.7,
};

const TARGET_MIN = 0.01;

/** `target` and `utilisation` are a revision's own annotations; a `containerConcurrency` of 0 is unlimited. */
export function resolveTarget(
  {
    metric,
    containerConcurrency,
    target = null,
    utilisation = null,
  }: {
    readonly metric: KpaMetric;
    readonly containerConcurrency: number;
    readonly target?: number | null;
    readonly utilisation?: number | null;
  },
  settings: TargetSettings,
): { readonly targetValue: number; readonly totalValue: number } {
  const concurrency = metric === "concurrency";
  const hard = concurrency && containerConcurrency !== 0;
  const ordinary = concurrency ? (hard ? containerConcurrency : settings.concurrencyDefault) : settings.rpsDefault;
  const totalValue = target === null ? ordinary : hard ? Math.min(target, containerConcurrency) : target;
  const fraction = utilisation ?? (concurrency ? settings.concurrencyUtilisation : settings.rpsUtilisation);
  return { targetValue: Math.max(TARGET_MIN, totalValue * fraction), totalValue };
}
