/** What functions have used of their SLOs' budgets, as the collector says it. */
import type { FunctionGateway } from "../ports/function-gateway.ts";

/** The function whose status reports budgets. */
export const COLLECTOR = "metrics-collector";

/** By function. */
export type BudgetsInWords = Readonly<Record<string, string>>;

/** Empty where the collector's status has none, as before it reported them. */
export function budgetsIn(status: unknown): BudgetsInWords {
  const { budgets = {} } = (status ?? {}) as {
    readonly budgets?: Readonly<Record<string, { readonly words: string }>>;
  };
  return Object.fromEntries(Object.entries(budgets).map(([name, { words }]) => [name, words] as const));
}

/** Never rejects: what is asked for along with something else must not spoil it. */
export async function askBudgets(gateway: Pick<FunctionGateway, "ask">): Promise<BudgetsInWords> {
  try {
    return budgetsIn(JSON.parse((await gateway.ask(COLLECTOR)).body));
  } catch {
    return {};
  }
}
