/** A function's budget as the page shows it. */
import { budgetUseWords, type BudgetUse } from "#shared/core/budget.ts";
import { budgetOf, sloWords, type Slo } from "#shared/core/slo.ts";
import type { BudgetView } from "./types.ts";

export function budgetView(use: BudgetUse, slo: Slo): BudgetView {
  return { slo: sloWords(slo), share: use.share, budget: budgetOf(slo), words: budgetUseWords(use, slo) };
}
