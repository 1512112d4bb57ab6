/**
 * How busy replicas may be so that a share of the requests stays within the SLO: what to begin with before anything was late.
 *
 * The simulator's own answer for steady Poisson loads on replicas under a CPU quota, each request sent to a random one of them (the
 * mean over a quota that is used up in each period and one that is larger than a request); `latency-curve.test.ts` asks it again.
 */

/** SLO ÷ latency of a lone request, ascending. */
const RATIOS = [1.5, 2, 3, 5, 8, 12, 20, 40] as const;

const LOG_RATIOS = RATIOS.map(Math.log);

/** By the share that may be late, ascending: the use of a replica, 0…1, at each ratio. */
const BUSY: readonly (readonly [budget: number, busy: readonly number[]])[] = [
  [0.01, [0.01, 0.02, 0.07, 0.24, 0.41, 0.54, 0.68, 0.81]],
  [0.05, [0.02, 0.06, 0.21, 0.41, 0.56, 0.67, 0.78, 0.88]],
  [0.1, [0.04, 0.1, 0.31, 0.5, 0.65, 0.74, 0.83, 0.91]],
];
const LOG_BUDGETS = BUSY.map(([budget]) => Math.log(budget));

/** The use at which `budget` of the requests would take longer than `ratio` × a lone one; straight between the table's points, held beyond. */
export function busyWithin(budget: number, ratio: number): number {
  const logRatio = Math.log(ratio);
  const byBudget = BUSY.map(([, busy]) => between(LOG_RATIOS, busy, logRatio));
  return between(LOG_BUDGETS, byBudget, Math.log(budget));
}

/** `xs` ascend. */
function between(xs: readonly number[], ys: readonly number[], x: number): number {
  const above = xs.findIndex((at) => at >= x);
  if (above === 0) return ys[0]!;
  if (above < 0) return ys.at(-1)!;
  const [x0, x1, y0, y1] = [xs[above - 1]!, xs[above]!, ys[above - 1]!, ys[above]!];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
