/** `slo-budget` as a rule, with the options that `forecast-mpc` has as well. */
import type { PolicyOptions } from "../options.ts";
import { SLO_BUDGET_OPTIONS, sloBudgetPolicy, type SloBudgetOptions } from "./policy.ts";
import { dimension, type Dimension, type Rule } from "../rule.ts";

/** As usage writes them, with their defaults. */
export const budgetUsage = ({ aim, gain, firstGain, debt, holdSeconds, holdStarts }: SloBudgetOptions) =>
  `aim=${aim},gain=${gain},first-gain=${firstGain},debt=${debt},hold=${holdSeconds},starts=${holdStarts}`;

/** As a policy's name gives them. Throws `BadInputError` for values that cannot be. */
export function budgetOptions(options: PolicyOptions, otherwise: SloBudgetOptions) {
  return {
    aim: options.number("aim", otherwise.aim, { least: 0, most: 1 }),
    gain: options.number("gain", otherwise.gain, { least: 0, most: 10 }),
    firstGain: options.number("first-gain", otherwise.firstGain, { least: 0, most: 100 }),
    debt: options.number("debt", otherwise.debt, { least: 0, most: 10 }),
    holdSeconds: options.number("hold", otherwise.holdSeconds, { least: 2, most: 3600 }),
    holdStarts: options.number("starts", otherwise.holdStarts, { least: 0, most: 100 }),
  };
}

/** What `tune` searches of them. */
export const BUDGET_DIMENSIONS: readonly Dimension[] = [
  dimension("aim", 0.7, 1, 0.01),
  dimension("gain", 0.05, 1, 0.01, true),
  dimension("debt", 0, 1.5, 0.1),
  dimension("hold", 5, 90, 5),
  dimension("starts", 0, 4, 0.5),
];

/** The rule `slo-budget`. */
export const sloBudgetRule: Rule = {
  usage: `slo-budget[:${budgetUsage(SLO_BUDGET_OPTIONS)},burst=2]`,
  make(options) {
    const otherwise = SLO_BUDGET_OPTIONS;
    const burstPower = options.number("burst", otherwise.burstPower, { least: 0, most: 10 });
    const settings = { name: options.text, ...budgetOptions(options, otherwise), burstPower };
    return () => sloBudgetPolicy(settings);
  },
  about: "learns the headroom that uses up the SLO's budget of late requests, and no more",
  tunable: [...BUDGET_DIMENSIONS, dimension("burst", 0, 4, 0.5)],
  compared: [],
};
