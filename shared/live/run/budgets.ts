/** What a run used of its functions' budgets: as the platform's windows measured it, and as the load generator saw it. */
import { budgetUsed, type BudgetUse } from "../../core/budget.ts";
import { brokenShare, type LateCounts, type LoadReport } from "../../core/load.ts";
import type { Slo } from "../../core/slo.ts";
import type { MetricsWindow } from "../../core/window.ts";

/** What one function used of its budget. */
export interface FunctionBudget {
  readonly functionName: string;
  readonly slo: Slo;
  readonly use: BudgetUse;
}

/** Of the requests that ended, the share that was late or failed, from either instant. */
export type SeenByLoad = Readonly<Record<keyof LateCounts, number>>;

interface JudgedWindow {
  readonly window: MetricsWindow;
  readonly slo: Slo;
}

/** By function, over all windows. Of an SLO that was changed meanwhile the last one is reported; its windows keep the shares they had. */
export function budgetsOf(judged: readonly JudgedWindow[]): FunctionBudget[] {
  const names = new Set(judged.map(({ window }) => window.functionName));
  return [...names].map((functionName) => {
    const own = judged.filter(({ window }) => window.functionName === functionName);
    const windows = own.map(({ window }) => window);
    return { functionName, slo: own.at(-1)!.slo, use: budgetUsed(windows, Infinity) };
  });
}

/** Null without a load, and where it had no SLO. */
export function seenByLoad(load: LoadReport | null): SeenByLoad | null {
  const fromIntended = load && brokenShare(load.totals, "fromIntended");
  const fromSent = load && brokenShare(load.totals, "fromSent");
  return fromIntended === null || fromSent === null ? null : { fromIntended, fromSent };
}
