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
  const logBudget = Math.log(budget);
  const byBudget = (i: number) => between(LOG_RATIOS, (at) => BUSY[i]![1][at]!, logRatio);
  return between(LOG_BUDGETS, byBudget, logBudget);
}

/** `xs` ascend; `yAt`: the value at the i-th of them. */
function between(xs: readonly number[], yAt: (i: number) => number, x: number): number {
  let above = 0;
  while (above < xs.length && xs[above]! < x) above++;
  if (above === 0) return yAt(0);
  if (above === xs.length) return yAt(xs.length - 1);
  const x0 = xs[above - 1]!;
  const x1 = xs[above]!;
  const y0 = yAt(above - 1);
  return y0 + ((x - x0) / (x1 - x0)) * (yAt(above) - y0);
}
