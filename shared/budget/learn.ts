/** How `slo-budget` learns: each window moves the headroom by how far its late requests were from the share aimed at. */
import type { ManagedFunction } from "../core/managed-function.ts";
import { addServed } from "../core/demand.ts";
import { budgetOf } from "../core/slo.ts";
import type { DecidableWindow } from "../core/window.ts";
import { firstHeadroom } from "./first-headroom.ts";
import { lateForReplicas, ownFailures, type Preventable } from "./late-for-replicas.ts";
import { clamp, MIN_HEADROOM, MAX_HEADROOM, type BudgetMemory } from "./memory.ts";

/** How fast the headroom is learned, and how much of the budget it is to use. */
export interface BudgetSettings {
  /** Share of a budget of 5 % or more that is aimed at, 0…1: the rest is for what comes while it learns, and larger for a tighter one. */
  readonly aim: number;
  /** ln headroom ÷ (share late − share aimed at) of one window, at a budget of 5 %, in the long run. */
  readonly gain: number;
  /** And in the n-th window, where that is more: ÷ (n + 3). A first guess is corrected fast, a good one slowly. */
  readonly firstGain: number;
  /** ln headroom ÷ (share late lately ÷ share aimed at − 1): what a debt of the last hours is worth. */
  readonly debt: number;
}

/** The settings that `slo-budget` has by default. */
export const BUDGET_DEFAULTS: BudgetSettings = { aim: 0.93, gain: 0.2, firstGain: 6, debt: 0.3 };

/** No window moves the headroom by more: e^0.4 is half as much again. */
const MAX_STEP = 0.4;
/** A busy window counts as so many usual ones at most. */
const MAX_WEIGHT = 4;
const USUAL_KEEP = 0.95;
const OWN_FAILURES_KEEP = 0.9;
/** The last ten windows show what a request takes, or the last two hundred requests where those are more. */
const DEMAND_KEEP = 0.9;
const DEMAND_REQUESTS = 200;
/** The budget that the numbers here and in the settings are for. */
const USUAL_BUDGET = 0.05;
/** So many requests show a share of 5 %; where that many windows have fewer, the headroom moves as much more slowly. */
const ENOUGH_REQUESTS = 1500;
const ENOUGH_WINDOWS = 60;
/** What the first guess is worth, in requests and in windows. */
const GUESS_REQUESTS = 300;
const GUESS_WINDOWS = 3;

/** Times as tight as the usual budget: half the share takes twice the requests to measure. A looser one is learned as carefully. */
const tightness = (budget: number) => Math.max(1, USUAL_BUDGET / budget);

/** A surprise makes the same requests late whatever the budget: of a tight one it takes a larger part. */
const RESERVE_POWER = 2 / 3;
const MIN_AIM = 0.3;

/** The share of late requests that is aimed at. */
function aimedShare(budget: number, { aim }: Pick<BudgetSettings, "aim">): number {
  return budget * Math.max(MIN_AIM, 1 - (1 - aim) * tightness(budget) ** RESERVE_POWER);
}

/** ln headroom ÷ share, for a window in which so many requests ended: large at first, and small where a window says little. */
function gainOf(
  { learned, requests }: BudgetMemory,
  ended: number,
  budget: number,
  { gain, firstGain }: BudgetSettings,
): number {
  const tight = tightness(budget);
  const lasting = gain * Math.min(1, (ended * ENOUGH_WINDOWS) / (ENOUGH_REQUESTS * tight));
  const byRequests = (2 * firstGain * ended) / (requests + ended + GUESS_REQUESTS * tight);
  return (USUAL_BUDGET / budget) * Math.max(lasting, Math.min(firstGain / (learned + GUESS_WINDOWS), byRequests));
}

/** The last two hours of windows, or 3,000 requests where those take longer. */
const RECENT_WINDOWS = 240;
const RECENT_REQUESTS = 3000;

function recently({ recentLate, recentEnded }: BudgetMemory, { share, ended }: Preventable) {
  const keep = Math.max(1 - 1 / RECENT_WINDOWS, 1 - ended / RECENT_REQUESTS);
  return { recentLate: keep * recentLate + share * ended, recentEnded: keep * recentEnded + ended };
}

/**
 * What a debt is worth: the headroom is taken so many times while more than the share aimed at was late lately, and less than once
 * while some of it is left. So a budget is kept over hours, though the headroom itself learns slowly where windows say little.
 */
export function debtFactor(
  { recentLate, recentEnded }: BudgetMemory,
  budget: number,
  settings: BudgetSettings,
): number {
  const aimed = aimedShare(budget, settings);
  // A few requests prove no debt: so many are taken to have gone as aimed.
  const guessed = GUESS_REQUESTS * tightness(budget);
  const share = (recentLate + aimed * guessed) / (recentEnded + guessed);
  return Math.exp(settings.debt * clamp(share / aimed - 1, -0.5, 1.5));
}

/** What a window teaches. */
export function learn(
  before: BudgetMemory,
  window: DecidableWindow,
  managed: ManagedFunction,
  settings: BudgetSettings = BUDGET_DEFAULTS,
): BudgetMemory {
  const { arrivals } = window;
  const keep = Math.max(DEMAND_KEEP, 1 - (window.completedOk ?? 0) / DEMAND_REQUESTS);
  // Replicas that came or went meanwhile worked for half of it.
  const { readyBefore } = before;
  const meanReady = readyBefore === 0 ? window.availableReplicas : (readyBefore + window.availableReplicas) / 2;
  const demand = addServed(before, { ...window, availableReplicas: meanReady }, managed, keep);
  const own = ownFailures(window, managed.targetInFlight);
  const ownFailureShare =
    own === null ? before.ownFailureShare : OWN_FAILURES_KEEP * before.ownFailureShare + (1 - OWN_FAILURES_KEEP) * own;
  const usualArrivals =
    before.usualArrivals === 0 ? arrivals : USUAL_KEEP * before.usualArrivals + (1 - USUAL_KEEP) * arrivals;
  const atMaximum = window.availableReplicas >= managed.maxReplicas ? before.atMaximum + 1 : 0;
  const seen = {
    ...before,
    ...demand,
    ownFailureShare,
    usualArrivals,
    atMaximum,
    readyBefore: window.availableReplicas,
  };
  if (before.headroom === 0) {
    if (demand.served === 0) return seen;
    return { ...seen, ...firstHeadroom(demand, window, managed) };
  }

  // A calm window's failures are all the function's own; in a strained one only as many as there usually are.
  const late = lateForReplicas(window, own ?? ownFailureShare);
  if (late === null || !(usualArrivals > 0)) return seen;
  const budget = budgetOf(managed.slo);
  const weight = Math.min(MAX_WEIGHT, arrivals / usualArrivals);
  const gain = gainOf(before, late.ended, budget, settings);
  const step = clamp(gain * (late.share - aimedShare(budget, settings)) * weight, -MAX_STEP, MAX_STEP);
  const learned = before.learned + weight;
  const requests = before.requests + late.ended;
  const taught = { ...seen, ...recently(before, late), learned, requests };
  // What the bounds decide teaches nothing: where the SLO cannot be kept, or costs nothing more, the headroom would only run away.
  if (step > 0 ? atMaximum > 1 : window.desiredReplicas <= Math.max(1, managed.minReplicas)) return taught;
  return { ...taught, headroom: clamp(before.headroom * Math.exp(step), MIN_HEADROOM, MAX_HEADROOM) };
}
