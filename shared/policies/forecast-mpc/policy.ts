/**
 * `forecast-mpc`: `slo-budget` that looks ahead.
 *
 * How much room requests are given is learned as there: late requests raise the headroom, a budget left over lowers it. That headroom
 * has a price in it: giving so much room values a late request at so many replica-seconds. At the same price this rule also
 * weighs what may come in the next windows, as this load's own past shows: replicas kept for a burst, or started before it, against
 * the requests that would be late without them.
 */
import type { ReplicaTarget } from "../../core/replica-target.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import type { ScalingPolicy } from "../../core/policy.ts";
import { TARGET_BUSY } from "../../core/demand.ts";
import { budgetOf } from "../../core/slo.ts";
import { startSecondsOf } from "../../core/starts.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { forecast, type ForecastSettings } from "../../budget/forecast.ts";
import { lateShareThrough, priceAt } from "../../budget/late-share.ts";
import { learn } from "../../budget/learn.ts";
import { NOTHING_LEARNED, readMemory, type BudgetMemory } from "../../budget/memory.ts";
import { planReplicas, type PlanTerms } from "../../budget/plan.ts";
import { answerOf, budgetTarget, untilServed } from "../../budget/target.ts";
import { SLO_BUDGET_OPTIONS, type SloBudgetOptions } from "../slo-budget/policy.ts";
import { NO_PAST, numbersOf, readPast, remember, type Past } from "./past.ts";
import { dimension, type Rule } from "../rule.ts";
import { BUDGET_DIMENSIONS, budgetOptions, budgetUsage } from "../slo-budget/rule.ts";

/** Those of `slo-budget`, of the forecast, and of the plan. */
export interface ForecastMpcOptions extends SloBudgetOptions, ForecastSettings {
  /** Windows that are planned for. */
  readonly horizon: number;
}

/** The options that `forecast-mpc` has by default. */
export const FORECAST_MPC_OPTIONS: ForecastMpcOptions = {
  ...SLO_BUDGET_OPTIONS,
  name: "forecast-mpc",
  // The plan knows when a burst is worth waiting for.
  burstPower: 0,
  horizon: 12,
  halfLife: 120,
  likeness: 0.15,
  depth: 0.9,
  // What a surprise costs is not known beforehand: a little is left for it, and a debt is paid back sooner.
  aim: 0.88,
  debt: 0.6,
  holdSeconds: 30,
};

/** Before a start was seen. */
const USUAL_START_SECONDS = 5;
/** From a burst's first request to the tick that shows it, and on to the request for replicas, seconds. */
const NOTICE_SECONDS = 4;
/** Busier replicas serve no request in time. */
const MAX_USE = 0.95;
/** Fewer windows show no pattern. */
const MIN_PAST = 4;
/** A price is capped at so many times that of a steady load, lest one burst that nothing could mend buy replicas for hours. */
const DEAREST = 12;

/** One function's; what it has learned and seen travels with its target. */
export function forecastMpcPolicy(options: ForecastMpcOptions = FORECAST_MPC_OPTIONS): ScalingPolicy {
  let memory = NOTHING_LEARNED;
  let past = NO_PAST;
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, memory: numbers }) {
      memory = learn(readMemory(numbers) ?? memory, window, managed, options);
      past = remember(readPast(numbers) ?? past, window);
      const held = budgetTarget(memory, managed, options);
      if (held === null) return untilServed(window, managed);
      const target = { ...held, memory: { ...memory, ...numbersOf(past) } };
      const answer = answerOf(target, window, managed);
      if (past.arrivals.length < MIN_PAST) return { ...answer, target };

      const ahead = forecast(past.arrivals, options.horizon, options);
      const leastReplicas = planReplicas(ahead, window.desiredReplicas, termsOf(target, memory, past, window, managed));
      return {
        proposedReplicas: Math.max(answer.proposedReplicas, leastReplicas),
        because: `${answer.because}; at least ${leastReplicas} for what may come`,
        target: { ...target, leastReplicas },
      };
    },
  };
}

/** What the plan weighs: the price comes from the headroom, and how long a start takes from the past. */
function termsOf(
  { replicasPerRps, headroom }: ReplicaTarget,
  { steadyHeadroom }: BudgetMemory,
  { starts }: Past,
  { windowSeconds }: DecidableWindow,
  { slo, startCostSeconds, maxReplicas }: ManagedFunction,
): PlanTerms {
  const use = Math.min(MAX_USE, TARGET_BUSY / headroom);
  const steadyUse = Math.min(MAX_USE, TARGET_BUSY / steadyHeadroom);
  const lateShare = lateShareThrough(steadyUse, budgetOf(slo));
  const busySeconds = replicasPerRps * TARGET_BUSY;
  const price = busySeconds * Math.min(priceAt(use, lateShare), DEAREST * priceAt(steadyUse, lateShare));
  const reactionSeconds = Math.min(windowSeconds, NOTICE_SECONDS + (startSecondsOf(starts) ?? USUAL_START_SECONDS));
  return { windowSeconds, busySeconds, use, lateShare, price, reactionSeconds, startCostSeconds, maxReplicas };
}

/** The rule `forecast-mpc`. */
export const forecastMpcRule: Rule = {
  usage: `forecast-mpc[:horizon=12,half-life=240,likeness=0.15,depth=0.9,${budgetUsage(FORECAST_MPC_OPTIONS)}]`,
  make(options) {
    const otherwise = FORECAST_MPC_OPTIONS;
    const settings = {
      ...otherwise,
      ...budgetOptions(options, otherwise),
      name: options.text,
      horizon: options.number("horizon", otherwise.horizon, { least: 1, most: 16, whole: true }),
      halfLife: options.number("half-life", otherwise.halfLife, { least: 1, most: 10_000 }),
      likeness: options.number("likeness", otherwise.likeness, { least: 0.01, most: 10 }),
      depth: options.number("depth", otherwise.depth, { least: 0, most: 0.95 }),
    };
    return () => forecastMpcPolicy(settings);
  },
  about: "slo-budget that looks ahead: weighs replicas against late requests over a forecast of the load",
  tunable: [
    ...BUDGET_DIMENSIONS,
    dimension("horizon", 2, 16, 1),
    dimension("half-life", 30, 960, 10, true),
    dimension("depth", 0, 0.95, 0.05),
  ],
  compared: [],
};
