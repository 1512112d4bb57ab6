/** How much of its SLO's budget a function has used, over its last hour of trace time or as much of it as there are windows. */
import { budgetOf, budgetWords, percentWords, sloWords, type Slo } from "./slo.ts";
import { failuresOf, type MetricsWindow } from "./window.ts";

/** The span over which a budget's use is counted, seconds of trace time. */
export const BUDGET_SECONDS = 3_600;

/** The fields of a window that a budget is computed from. */
export type BudgetWindow = Pick<
  MetricsWindow,
  "endedAtMs" | "windowSeconds" | "completedOk" | "completedError" | "late"
>;

/** What some windows used of a budget, weighted by requests. */
export interface BudgetUse {
  /** Of the requests that ended, the share that broke the SLO, 0…1; null where none ended, and where nothing was measured. */
  readonly share: number | null;
  /** That ended in windows of which the share is known. */
  readonly requests: number;
  /** Trace time of all windows, and of those of which the share is not known. */
  readonly seconds: number;
  readonly unmeasuredSeconds: number;
}

/** Each window counts by the requests that ended in it: a quiet one weighs little. `windows` in any order. */
export function budgetUsed(windows: readonly BudgetWindow[], forSeconds = BUDGET_SECONDS): BudgetUse {
  const newestMs = Math.max(...windows.map(({ endedAtMs }) => endedAtMs));
  let [requests, broken, seconds, unmeasuredSeconds] = [0, 0, 0, 0];
  for (const { endedAtMs, windowSeconds, completedOk, completedError, late } of windows) {
    if (endedAtMs <= newestMs - forSeconds * 1_000) continue;
    seconds += windowSeconds;
    const ended = completedOk === null || completedError === null ? null : completedOk + failuresOf(completedError);
    if (ended === 0) continue;
    if (ended === null || late.share === null) {
      unmeasuredSeconds += windowSeconds;
      continue;
    }
    requests += ended;
    broken += late.share * ended;
  }
  return { share: requests > 0 ? broken / requests : null, requests, seconds, unmeasuredSeconds };
}

/** "3.1 % of 5 % used in the last 12 min"; where nothing was measured, or nothing ended, it says so. */
export function budgetUseWords(use: BudgetUse, slo: Slo): string {
  const { share, seconds, unmeasuredSeconds } = use;
  if (share === null && seconds > unmeasuredSeconds) {
    return `budget ${percentWords(budgetOf(slo))}, no request ended in the last ${spanWords(seconds)}`;
  }
  if (share === null) return budgetWords(null, slo);
  const unmeasured = unmeasuredSeconds > 0 ? `, ${spanWords(unmeasuredSeconds)} of them not measured` : "";
  return `${budgetWords(share, slo)} in the last ${spanWords(seconds)}${unmeasured}`;
}

function spanWords(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** A function's windows of the last hour, as they come; one that is reported again counts once. A change of the SLO clears it. */
export class BudgetTrack {
  #windows: readonly BudgetWindow[] = [];
  #slo: Slo | null = null;

  /** `slo`: the one by which the window's share was counted. */
  add(window: BudgetWindow, slo: Slo): void {
    if (this.#slo !== null && sloWords(this.#slo) !== sloWords(slo)) this.#windows = [];
    this.#slo = slo;
    const { endedAtMs, windowSeconds, completedOk, completedError, late } = window;
    const one = { endedAtMs, windowSeconds, completedOk, completedError, late };
    const others = this.#windows.filter((known) => known.endedAtMs !== endedAtMs);
    const newestMs = Math.max(endedAtMs, ...others.map((known) => known.endedAtMs));
    this.#windows = [...others, one].filter((known) => known.endedAtMs > newestMs - BUDGET_SECONDS * 1_000);
  }

  /** What the windows of the last hour used. */
  use(): BudgetUse {
    return budgetUsed(this.#windows);
  }
}
