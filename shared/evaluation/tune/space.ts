/** What can be tuned about each rule, and how far. */
import { BadInputError } from "../../core/errors.ts";

export interface Dimension {
  readonly key: string;
  readonly low: number;
  readonly high: number;
  /** Values are whole multiples of it, so that they read well. */
  readonly step: number;
  /** Drawn evenly in the logarithm; default false. */
  readonly isLog?: boolean;
}

const dimension = (key: string, low: number, high: number, step: number, isLog = false): Dimension => ({
  key,
  low,
  high,
  step,
  isLog,
});

const KPA = [
  dimension("utilisation", 0.04, 1, 0.01, true),
  dimension("stable", 30, 240, 6),
  dimension("threshold", 1.2, 4, 0.1),
  dimension("delay", 0, 300, 30),
];

/** What `slo-budget` and `forecast-mpc` share. */
const BUDGET = [
  dimension("aim", 0.7, 1, 0.01),
  dimension("gain", 0.05, 1, 0.01, true),
  dimension("debt", 0, 1.5, 0.1),
  dimension("hold", 5, 90, 5),
  dimension("starts", 0, 4, 0.5),
];

/** The guard behind a rule that decides at windows: how long it keeps a scale-down waiting, seconds. */
const STABILISED = dimension("@stabilised", 0, 300, 15);

/**
 * Ranges reach from what wastes to what fails on every standard profile. Bounds that are the vendor's own (CE's cap, KPA's tick)
 * are left alone: with another bound it would be another rule.
 */
export const TUNABLE: Readonly<Record<string, readonly Dimension[]>> = {
  fixed: [dimension("", 1, 24, 1)],
  hpa: [
    dimension("cpu", 10, 95, 1),
    dimension("tolerance", 0, 0.3, 0.01),
    dimension("up-window", 0, 120, 30),
    dimension("down-window", 0, 600, 30),
  ],
  kpa: KPA,
  keda: [dimension("threshold", 0.1, 10, 0.05, true)],
  "openfaas-ce": [dimension("rps", 0.5, 20, 0.1, true), dimension("factor", 5, 100, 5)],
  "openfaas-pro": [dimension("proportion", 0.04, 1, 0.01, true), dimension("down-window", 0, 300, 30)],
  "holt-winters": [
    dimension("utilisation", 0.1, 0.95, 0.01),
    dimension("alpha", 0.05, 0.9, 0.05),
    dimension("gamma", 0, 0.5, 0.05),
    dimension("ahead", 1, 6, 1),
  ],
  "slo-budget": [...BUDGET, dimension("burst", 0, 4, 0.5)],
  "forecast-mpc": [
    ...BUDGET,
    dimension("horizon", 2, 16, 1),
    dimension("half-life", 30, 960, 10, true),
    dimension("depth", 0, 0.95, 0.05),
  ],
  oracle: [dimension("utilisation", 0.1, 0.95, 0.01)],
};

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
