/** The HPA's `behavior`: stabilisation windows and scaling policies (`pkg/controller/podautoscaler/horizontal.go`). */
import type { Recommendation } from "../words.ts";

/** One rate limit of an HPA's `behavior`. */
export interface ScalingRule {
  readonly type: "pods" | "percent";
  readonly value: number;
  readonly periodSeconds: number;
}

/** The limits of one direction of an HPA's `behavior`. */
export interface ScalingRules {
  readonly stabilisationSeconds: number;
  readonly select: "max" | "min" | "disabled";
  readonly rules: readonly ScalingRule[];
}

/** An HPA's `behavior`, for both directions. */
export interface HpaBehaviour {
  readonly up: ScalingRules;
  readonly down: ScalingRules;
}

/** Kubernetes' default `behavior`. */
export const DEFAULT_BEHAVIOUR: HpaBehaviour = {
  up: {
    stabilisationSeconds: 0,
    select: "max",
    rules: [
      { type: "percent", value: 100, periodSeconds: 15 },
      { type: "pods", value: 4, periodSeconds: 15 },
    ],
  },
  down: { stabilisationSeconds: 300, select: "max", rules: [{ type: "percent", value: 100, periodSeconds: 15 }] },
};

/** A change by this autoscaler; `replicas` is its size, always positive. */
export interface ScaleEvent {
  readonly atMs: number;
  readonly replicas: number;
}

/** Earlier changes of the count, by direction. */
export interface ScaleEvents {
  readonly up: readonly ScaleEvent[];
  readonly down: readonly ScaleEvent[];
}

/** The most that the up rules allow now; never below the current count. */
export function scaleUpLimit(
  current: number,
  { select, rules }: ScalingRules,
  events: ScaleEvents,
  nowMs: number,
): number {
  if (select === "disabled") return current;
  const proposals = rules.map(({ type, value, periodSeconds }) => {
    const start = periodStart(current, events, periodSeconds, nowMs);
    return type === "pods" ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return Math.max(current, select === "min" ? Math.min(...proposals) : Math.max(...proposals));
}

/** The least that the down rules allow now; never above the current count. */
export function scaleDownLimit(
  current: number,
  { select, rules }: ScalingRules,
  events: ScaleEvents,
  nowMs: number,
): number {
  if (select === "disabled") return current;
  const proposals = rules.map(({ type, value, periodSeconds }) => {
    const start = periodStart(current, events, periodSeconds, nowMs);
    return type === "pods" ? start - value : Math.trunc(start * (1 - value / 100));
  });
  // The policy that changes most leaves least.
  return Math.min(current, select === "min" ? Math.max(...proposals) : Math.min(...proposals));
}

/** The count when the period began: current − added + deleted. */
function periodStart(current: number, events: ScaleEvents, periodSeconds: number, nowMs: number): number {
  const sinceMs = nowMs - periodSeconds * 1000;
  const inside = (list: readonly ScaleEvent[]) =>
    list.reduce((sum, { atMs, replicas }) => (atMs > sinceMs ? sum + replicas : sum), 0);
  return current - inside(events.up) + inside(events.down);
}

/** Up: no higher than the lowest recommendation of its window; down: no lower than the highest of its own. */
export function stabiliseHpa(
  recommended: number,
  current: number,
  earlier: readonly Recommendation[],
  behaviour: HpaBehaviour,
  nowMs: number,
): number {
  const inside = (seconds: number) => earlier.filter(({ atMs }) => atMs > nowMs - seconds * 1000);
  const upTo = Math.min(recommended, ...inside(behaviour.up.stabilisationSeconds).map(({ replicas }) => replicas));
  const downTo = Math.max(recommended, ...inside(behaviour.down.stabilisationSeconds).map(({ replicas }) => replicas));
  return Math.min(Math.max(current, upTo), downTo);
}

/** An HPA's `minReplicas` and `maxReplicas`. */
export interface HpaBounds {
  readonly min: number;
  readonly max: number;
}

/** Stabilised, then limited by rate and bounds. */
export function applyBehaviour(
  recommended: number,
  current: number,
  earlier: readonly Recommendation[],
  events: ScaleEvents,
  behaviour: HpaBehaviour,
  { min, max }: HpaBounds,
  nowMs: number,
): number {
  const stable = stabiliseHpa(recommended, current, earlier, behaviour, nowMs);
  if (stable > current) return Math.min(stable, max, scaleUpLimit(current, behaviour.up, events, nowMs));
  if (stable < current) return Math.max(stable, min, scaleDownLimit(current, behaviour.down, events, nowMs));
  return stable;
}

/** Without `behavior`: scale-down to the highest recommendation of the window, scale-up to max(2 · current, 4). */
export function applyWithoutBehaviour(
  recommended: number,
  current: number,
  earlier: readonly Recommendation[],
  { min, max }: HpaBounds,
  nowMs: number,
  stabilisationSeconds = 300,
): number {
  const inside = earlier.filter(({ atMs }) => atMs >= nowMs - stabilisationSeconds * 1000);
  const stable = Math.max(recommended, ...inside.map(({ replicas }) => replicas));
  const upTo = Math.min(max, Math.max(2 * current, 4));
  return Math.min(Math.max(stable, min), upTo);
}

/** What happens before any metric is looked at. */
export function beforeMetrics(
  current: number,
  { min, max }: HpaBounds,
): { readonly kind: "disabled" | "metrics" } | { readonly kind: "set"; readonly replicas: number } {
  if (current === 0 && min !== 0) return { kind: "disabled" };
  if (current > max) return { kind: "set", replicas: max };
  if (current < min) return { kind: "set", replicas: min };
  return { kind: "metrics" };
}
