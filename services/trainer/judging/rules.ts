/** The rule that a model is compared with: one that decides when the model does. */
import type { ModelReference } from "./serving-model.ts";

/** The rules that models are compared with, by name. */
export interface Rules {
  /** For models that decide counts at windows, as it does. */
  readonly counts: string;
  /** For models that ticks hold: the rule that would decide in their place. */
  readonly held: string;
}

/** A rule held by ticks is cheaper than any that waits for windows: a model that waits would lose to it by its pace alone. */
export function ruleFor({ isHeld }: Pick<ModelReference, "isHeld">, { counts, held }: Rules): string {
  return isHeld ? held : counts;
}

/** "openfaas-pro; forecast-mpc for models held by ticks". */
export function rulesInWords({ counts, held }: Rules): string {
  return counts === held ? counts : `${counts}; ${held} for models held by ticks`;
}
