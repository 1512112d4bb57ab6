/** The HPA's replica arithmetic with all it knows about missing metrics (`pkg/controller/podautoscaler/replica_calculator.go`). */

/** The metric of one pod, or of several that read alike. */
export interface PodReading {
  /** Use in any unit; null where no metric came. */
  readonly use: number | null;
  /** In the same unit; needed for utilisation only. */
  readonly request?: number;
  /** `unready`: pending, or not ready yet while its CPU cannot be judged. `leaving`: deleted or failed. */
  readonly standing?: "ready" | "unready" | "leaving";
  /** So many pods read alike; 1 where it is not said. */
  readonly count?: number;
}

/** What the metric should be for each pod. */
export interface PodTarget {
  /** `utilisation`: percent of the request. `average`: use per pod. */
  readonly kind: "utilisation" | "average";
  readonly value: number;
}

/** Kubernetes' default tolerance: a ratio this close to 1 changes nothing. */
export const HPA_TOLERANCE = 0.1;

/**
 * Pod metrics: ceil(ratio · ready), or the current count inside the tolerance and wherever pods without a metric would turn the
 * direction. Null where no ready pod has a metric: no scaling by it.
 */
export function replicasFromPods(
  pods: readonly PodReading[],
  target: PodTarget,
  current: number,
  tolerance = HPA_TOLERANCE,
): number | null {
  const staying = pods.filter(({ standing, count = 1 }) => standing !== "leaving" && count > 0);
  const unready = staying.filter(({ standing }) => standing === "unready");
  const asked = staying.filter(({ standing }) => standing !== "unready");
  const missing = asked.filter(({ use }) => use === null);
  const known = asked.flatMap(({ use, request = 1, count = 1 }) => (use === null ? [] : [{ use, request, count }]));
  if (known.length === 0) return null;

  const ratio = usageRatio(known, target);
  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) {
    return within(ratio, tolerance) ? current : Math.ceil(ratio * podsIn(known));
  }

  // Doubt goes against the direction: missing pods count as full use when the ratio says down, as no use when it says up.
  const full = target.kind === "utilisation" ? Math.max(100, target.value) / 100 : target.value;
  const assumed = ({ request = 1, count = 1 }: PodReading, share: number): Known => ({
    use: target.kind === "utilisation" ? request * share : share,
    request,
    count,
  });
  const filled = [
    ...known,
    ...(ratio === 1 ? [] : missing.map((pod) => assumed(pod, ratio < 1 ? full : 0))),
    ...(upWithUnready ? unready.map((pod) => assumed(pod, 0)) : []),
  ];
  const newRatio = usageRatio(filled, target);
  const turned = (ratio < 1 && newRatio > 1) || (ratio > 1 && newRatio < 1);
  if (within(newRatio, tolerance) || turned) return current;
  const wanted = Math.ceil(newRatio * podsIn(filled));
  const against = (newRatio < 1 && wanted > current) || (newRatio > 1 && wanted < current);
  return against ? current : wanted;
}

/** Pods whose use is known, or assumed. */
interface Known {
  readonly use: number;
  readonly request: number;
  readonly count: number;
}

const podsIn = (pods: readonly Known[]): number => pods.reduce((sum, { count }) => sum + count, 0);

/** Use ÷ target; utilisation is cut to whole percent and averages to whole units, as the controller's integers do. */
function usageRatio(pods: readonly Known[], target: PodTarget): number {
  const use = pods.reduce((sum, pod) => sum + pod.use * pod.count, 0);
  const request = pods.reduce((sum, pod) => sum + pod.request * pod.count, 0);
  const measured = target.kind === "utilisation" ? wholePercent(use, request) : Math.trunc(use / podsIn(pods));
  return measured / target.value;
}

/** 0.57 · 100 is 56.99… in binary: what is a whole percent stays one. */
const wholePercent = (use: number, request: number) => Math.trunc((use * 100) / request + 1e-9);

/** As the controller compares (since 1.34): |1 − 1.1| is above 0.1 in binary, while exactly 110 % keeps the count. */
const within = (ratio: number, tolerance: number) => 1 - tolerance <= ratio && ratio <= 1 + tolerance;

/** Object and external metrics, `Value`: one number for all, per ready pod. */
export function replicasFromValue(
  usage: number,
  target: number,
  { current, ready }: { readonly current: number; readonly ready: number },
  tolerance = HPA_TOLERANCE,
): number {
  const ratio = usage / target;
  if (current === 0) return Math.ceil(ratio);
  return within(ratio, tolerance) ? current : Math.ceil(ratio * ready);
}

/** Object and external metrics, `AverageValue`: a total to be shared. */
export function replicasFromAverageValue(
  total: number,
  target: number,
  current: number,
  tolerance = HPA_TOLERANCE,
): number {
  const ratio = total / (target * current);
  return within(ratio, tolerance) ? current : Math.ceil(total / target);
}
