/** The action schemes there are. */
import { named } from "../named.ts";
import { change } from "./change.ts";
import { headroom } from "./headroom.ts";
import type { ActionScheme } from "./scheme.ts";

export const ACTION_SCHEMES = { change, headroom } as const satisfies Readonly<Record<string, ActionScheme>>;

export type ActionSchemeName = keyof typeof ACTION_SCHEMES;

/** Throws `BadInputError` for a scheme that does not exist. */
export function actionSchemeNamed(name: string): ActionScheme {
  return named("action scheme", ACTION_SCHEMES, name);
}
