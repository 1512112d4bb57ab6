/** What each function has used of its SLO's budget, from the windows that were closed here. */
import { BudgetTrack, budgetUseWords, type BudgetUse, type BudgetWindow } from "#shared/core/budget.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";

/** What a function has used of its budget, in numbers and in words. */
export interface BudgetStatus extends BudgetUse {
  readonly words: string;
}

/** What each function has used of its SLO's budget lately. */
export class Budgets {
  readonly #tracks = new Map<string, BudgetTrack>();

  add({ functionName, slo }: ManagedFunction, window: BudgetWindow): void {
    this.#of(functionName).add(window, slo);
  }

  of({ functionName, slo }: ManagedFunction): BudgetStatus {
    const use = this.#of(functionName).use();
    return { ...use, words: budgetUseWords(use, slo) };
  }

  keepOnly(isManaged: (functionName: string) => boolean): void {
    for (const name of this.#tracks.keys()) if (!isManaged(name)) this.#tracks.delete(name);
  }

  #of(functionName: string): BudgetTrack {
    let track = this.#tracks.get(functionName);
    if (!track) this.#tracks.set(functionName, (track = new BudgetTrack()));
    return track;
  }
}
