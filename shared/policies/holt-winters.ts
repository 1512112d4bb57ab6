/** Forecast only: additive Holt-Winters on arrivals, turned into replicas by Little's law. */
import type { ScalingPolicy } from "../core/policy.ts";
import { trimmed } from "../core/spoken.ts";
import { wholeReplicas } from "../core/whole-replicas.ts";
import { hold } from "./words.ts";
import { dimension, type Rule } from "./rule.ts";

/** The season and the smoothing constants. */
export interface HoltWintersSpec {
  /** Windows in a season. */
  readonly season: number;
  /** Smoothing of level, trend and season, 0…1. */
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** Level, trend and season as estimated so far. */
export interface HoltWintersState {
  readonly level: number;
  readonly trend: number;
  /** One per step of the season, 0 until first seen; one list from the start on, renewed in place. */
  readonly seasonal: number[];
  /** Steps taken since the start. */
  readonly steps: number;
}

/** Takes the first value: level = value, no trend, no season. */
export function startHoltWinters(value: number, { season }: HoltWintersSpec): HoltWintersState {
  return { level: value, trend: 0, seasonal: new Array<number>(season).fill(0), steps: 1 };
}

/**
 * ℓₜ = α(yₜ − sₜ₋ₘ) + (1 − α)(ℓₜ₋₁ + bₜ₋₁);  bₜ = β(ℓₜ − ℓₜ₋₁) + (1 − β)bₜ₋₁;  sₜ = γ(yₜ − ℓₜ) + (1 − γ)sₜ₋ₘ
 * (Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 8.3, in its error form for the season). The state
 * before is used up: a season may be long, and is not copied for one step of it.
 */
export function updateHoltWinters(state: HoltWintersState, value: number, spec: HoltWintersSpec): HoltWintersState {
  const { alpha, beta, gamma, season } = spec;
  const at = state.steps % season;
  const before = state.seasonal[at]!;
  const level = alpha * (value - before) + (1 - alpha) * (state.level + state.trend);
  const trend = beta * (level - state.level) + (1 - beta) * state.trend;
  state.seasonal[at] = gamma * (value - level) + (1 - gamma) * before;
  return { level, trend, seasonal: state.seasonal, steps: state.steps + 1 };
}

/** Moves on over steps that were not seen: level and season stay, the trend is not trusted. */
export function skipHoltWinters(state: HoltWintersState, steps: number): HoltWintersState {
  return { ...state, steps: state.steps + steps };
}

/** ŷₜ₊ₕ = ℓₜ + h·bₜ + season, h ≥ 1; never below 0. */
export function forecastHoltWinters(state: HoltWintersState, ahead: number, { season }: HoltWintersSpec): number {
  return Math.max(0, state.level + ahead * state.trend + state.seasonal[(state.steps + ahead - 1) % season]!);
}

/** The options of the policy `holt-winters`. */
export interface HoltWintersOptions extends HoltWintersSpec {
  readonly name: string;
  /** The largest forecast of so many windows ahead counts: a new replica must be ready in time. */
  readonly aheadWindows: number;
  readonly utilisation: number;
}

/** The options that `holt-winters` has by default. */
export const HOLT_WINTERS_OPTIONS: HoltWintersOptions = {
  name: "holt-winters",
  season: 120,
  alpha: 0.3,
  beta: 0.01,
  gamma: 0.1,
  aheadWindows: 2,
  utilisation: 0.7,
};

/**
 * Replicas = ceil(forecast per second · execution time ÷ (`targetInFlight` · utilisation)). The last measured execution time
 * replaces one that was not; before any, the count is held.
 */
export function holtWintersPolicy(options: HoltWintersOptions = HOLT_WINTERS_OPTIONS): ScalingPolicy {
  let state: HoltWintersState | null = null;
  let lastSeq = 0;
  let executionSeconds: number | null = null;
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed }) {
      const lost = window.seq - lastSeq - 1;
      if (state === null) state = startHoltWinters(window.arrivals, options);
      else state = updateHoltWinters(lost > 0 ? skipHoltWinters(state, lost) : state, window.arrivals, options);
      lastSeq = window.seq;
      executionSeconds = window.executionSecondsMean ?? executionSeconds;
      if (executionSeconds === null) return hold(window, "execution time");

      let most = 0;
      for (let ahead = 1; ahead <= options.aheadWindows; ahead++) {
        most = Math.max(most, forecastHoltWinters(state, ahead, options));
      }
      const perSecond = most / window.windowSeconds;
      const perReplica = managed.targetInFlight * options.utilisation;
      return {
        proposedReplicas: wholeReplicas((perSecond * executionSeconds) / perReplica),
        because: `forecast ${trimmed(perSecond)}/s × ${trimmed(executionSeconds)} s ÷ target ${trimmed(perReplica)}`,
      };
    },
  };
}

/** The rule `holt-winters`. */
export const holtWintersRule: Rule = {
  usage: "holt-winters[:season=120,alpha=0.3,beta=0.01,gamma=0.1,ahead=2,utilisation=0.7]",
  make(options) {
    const otherwise = HOLT_WINTERS_OPTIONS;
    const settings = {
      name: options.text,
      season: options.number("season", otherwise.season, { least: 1, most: 100_000, whole: true }),
      alpha: options.number("alpha", otherwise.alpha, { least: 0, most: 1 }),
      beta: options.number("beta", otherwise.beta, { least: 0, most: 1 }),
      gamma: options.number("gamma", otherwise.gamma, { least: 0, most: 1 }),
      aheadWindows: options.number("ahead", otherwise.aheadWindows, { least: 1, most: 100, whole: true }),
      utilisation: options.number("utilisation", otherwise.utilisation, { least: 0.01, most: 1 }),
    };
    return () => holtWintersPolicy(settings);
  },
  about: "additive Holt-Winters forecast of arrivals, turned into replicas by Little's law",
  tunable: [
    dimension("utilisation", 0.1, 0.95, 0.01),
    dimension("alpha", 0.05, 0.9, 0.05),
    dimension("gamma", 0, 0.5, 0.05),
    dimension("ahead", 1, 6, 1),
  ],
  compared: ["holt-winters"],
};
