/** Action schemes by name. */
import { named } from "../named.ts";
import * as ACTION_SCHEMES from "./all.ts";
import type { ActionScheme } from "./scheme.ts";

export { ACTION_SCHEMES };
/** The name of an action scheme, as checkpoints record it. */
export type ActionSchemeName = keyof typeof ACTION_SCHEMES;

/** Throws `BadInputError` for a scheme that does not exist. */
export function actionSchemeNamed(name: string): ActionScheme {
  return named<ActionScheme>("action scheme", ACTION_SCHEMES, name);
}
