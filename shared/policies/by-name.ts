/**
 * Rules by name: `name[:option[,option…]]`, an option being `key=value` or a bare word. For instance `fixed:3`,
 * `hpa:cpu=60`, `openfaas-pro:rps,target=20`, `kpa:utilisation=0.5,stable=120`.
 */
import { BadInputError } from "../core/errors.ts";
import type { PolicyFactory } from "../core/policy.ts";
import { PolicyOptions } from "./options.ts";
import type { PolicyContext, Rule } from "./rule.ts";
import * as all from "./rules.ts";

/** Lists begin with the plainest; rules that are not named here follow by name. */
const FIRST = [
  "fixed",
  "hpa",
  "kpa",
  "keda",
  "openfaas-ce",
  "openfaas-pro",
  "slo-budget",
  "forecast-mpc",
  "holt-winters",
];
const rankOf = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** Every rule by its name, in the order of lists. */
export const RULES: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries<Rule>(all).toSorted(([one], [other]) => rankOf(one) - rankOf(other)),
);

/** Every rule as it is written. */
export const POLICY_USAGES: readonly string[] = Object.values(RULES).map(({ usage }) => usage);

/** Whether the name, without options, is a rule's. */
export function isRule(name: string): boolean {
  return Object.hasOwn(RULES, name);
}

/** Throws `BadInputError` for an unknown name (listing the known ones) and for options that cannot be used. */
export function policyByName(text: string, context: PolicyContext = {}): PolicyFactory {
  const options = new PolicyOptions(text);
  const rule = isRule(options.name) ? RULES[options.name] : undefined;
  if (rule === undefined) throw new BadInputError(`unknown policy '${text}'; known are ${POLICY_USAGES.join("; ")}`);
  const factory = rule.make(options, context);
  options.done();
  return factory;
}
