/** What a `replicant.policy` annotation names: a rule, a learned model, or that proposals come from outside. */
import { BadInputError } from "../core/errors.ts";
import { FOLLOWS } from "../core/model.ts";
import { heldName } from "./held-model.ts";
import { isRule, policyByName } from "./by-name.ts";

/** No policy of Replicant's own: another process puts proposals on the bus, and the fallback rule decides where none come. */
export const EXTERNAL = "external";

/** What a policy's name refers to: a rule, a model, or a policy of another process. */
export type PolicyReference =
  | { readonly kind: "rule"; readonly text: string }
  | { readonly kind: "external"; readonly text: string }
  | {
      readonly kind: "model";
      readonly text: string;
      /** A shipped model's name, or the absolute path of a checkpoint's folder. */
      readonly source: string;
      /** Gives way to what the trainer publishes for the function; else stays what it is. */
      readonly follows: boolean;
      /** Ticks hold it: `lstm-ppo-plus@product@held`. Else it decides counts, behind the guard that it was trained with. */
      readonly isHeld: boolean;
    };

/** `lstm-ppo-plus`, `lstm-ppo-plus@corrected`, or a path. */
const SOURCE = /^(\/.+|[a-z0-9][a-z0-9-]{0,60}(@[a-z0-9-]{1,30})?)$/;

/** `hpa:cpu=60`, `model:lstm-ppo-plus`, `lstm-ppo-plus@product@held`, `/models/mine`. Throws `BadInputError` for a rule's bad options. */
export function policyReference(text: string): PolicyReference {
  if (text === EXTERNAL) return { kind: "external", text };
  const follows = text.startsWith(FOLLOWS);
  const { model: source, isHeld } = heldName(follows ? text.slice(FOLLOWS.length) : text);
  const name = (follows ? text : source).split(":")[0]!.trim();
  if (!isRule(name) && SOURCE.test(source)) return { kind: "model", text, source, follows, isHeld };
  if (follows) throw new BadInputError(`after 'model:' must come a model's name or an absolute path, was: '${text}'`);
  // Rules say themselves what is wrong with their options, and which of them there are.
  policyByName(text);
  return { kind: "rule", text };
}
