/** What can be tuned about each rule, and how far. */
import { BadInputError } from "../../core/errors.ts";
import { dimension, type Dimension } from "../../policies/rule.ts";
import { RULES } from "../../policies/by-name.ts";

/** The guard behind a rule that decides at windows: how long it keeps a scale-down waiting, seconds. */
const STABILISED = dimension("@stabilised", 0, 300, 15);

/** The rules that have something to tune, with what it is. */
export const TUNABLE: Readonly<Record<string, readonly Dimension[]>> = Object.fromEntries(
  Object.entries(RULES).flatMap(([name, { tunable }]) => (tunable.length > 0 ? [[name, tunable]] : [])),
);

/** A rule with the options that are varied. */
export interface TunableRule {
  readonly rule: string;
  /** `@30s`, `@bare` or nothing. */
  readonly suffix: string;
  /** Those whose key begins with `@` are the guard's. */
  readonly dimensions: readonly Dimension[];
}

/**
 * Reads `<rule>[@30s|@bare][@stabilised]`; with the last the guard is tuned, too. Throws `BadInputError` for a rule without anything
 * to tune, and for one with options.
 */
export function tunableRule(text: string): TunableRule {
  const isGuardTuned = text.endsWith(STABILISED.key);
  const named = isGuardTuned ? text.slice(0, -STABILISED.key.length) : text;
  const at = named.indexOf("@");
  const rule = at === -1 ? named : named.slice(0, at);
  const suffix = at === -1 ? "" : named.slice(at);
  const dimensions = Object.hasOwn(TUNABLE, rule) ? TUNABLE[rule]! : null;
  if (dimensions === null) {
    throw new BadInputError(`tune: the policy must be one of ${Object.keys(TUNABLE).join(", ")}, was: '${text}'`);
  }
  return { rule, suffix, dimensions: isGuardTuned ? [...dimensions, STABILISED] : dimensions };
}

/** The rule with these values, as it is named elsewhere; without values, as it comes. */
export function nameOf({ rule, suffix, dimensions }: TunableRule, values: readonly number[] | null): string {
  if (values === null) return `${rule}${suffix}`;
  const words = dimensions.map(({ key }, i) => (key === "" ? `${values[i]!}` : `${key}=${values[i]!}`));
  const isGuards = (word: string) => word.startsWith("@");
  const options = words.filter((word) => !isGuards(word));
  return `${rule}:${options.join(",")}${suffix}${words.filter(isGuards).join("")}`;
}
