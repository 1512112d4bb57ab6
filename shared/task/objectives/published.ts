/** The three objectives. Each is one formula, its terms told one by one; what differs between them is said beside the code. */
import { PAPER_IDLE_P95_SECONDS, successShare } from "../observation/published.ts";
import type { MetricsWindow } from "../../core/window.ts";

export interface RewardInput {
  /** The window that followed the action. */
  readonly window: MetricsWindow;
  /** Desired replicas before plus the action's change. */
  readonly requestedReplicas: number;
  /** The request lay within the function's bounds. */
  readonly isWithinBounds: boolean;
  readonly sloSeconds: number;
  /** Replicas integrated over the window. */
  readonly replicaSeconds: number;
}

export interface Reward {
  readonly total: number;
  /** What was added up; the same names at every step of an objective. */
  readonly terms: Readonly<Record<string, number>>;
}

export interface Objective {
  readonly name: string;
  /** `refuse`: an action beyond the bounds scales nothing and is punished; `clip`: it is cut to the bounds. */
  readonly beyondBounds: "refuse" | "clip";
  readonly rewardOf: (input: RewardInput) => Reward;
}

/** For an action that leaves the bounds, in both published objectives. */
export const INVALID_ACTION_REWARD = -100;

/** u* of the published method. */
export const TARGET_UTILISATION = 0.7;
const WEIGHTS = { throughput: 0.2, cpu: 0.8, memory: 0.5, latency: 0.2, replicas: 0.1, mismatch: 0.5 } as const;

/** R(u, w) = −w·(1 + 2(u − 1)) for u > 1; −w·(0.7 − u) for u < 0.3; else w·exp(−4(u − 0.7)²). */
export function paperUtilisation(u: number, weight: number): number {
  if (u > 1) return -weight * (1 + 2 * (u - 1));
  if (u < 0.3) return -weight * (TARGET_UTILISATION - u);
  return weight * Math.exp(-4 * (u - TARGET_UTILISATION) ** 2);
}

/** n* = max(⌈cpu·n ÷ 0.7⌉, ⌈mem·n ÷ 0.7⌉): what would bring the larger utilisation to its target. */
export function paperTargetReplicas(cpuRatio: number, memoryRatio: number, replicas: number): number {
  const wanted = (u: number) => Math.ceil((u * replicas) / TARGET_UTILISATION - 1e-9);
  return Math.max(wanted(cpuRatio), wanted(memoryRatio));
}

/**
 * LSTM-PPO+ and PPO as published:
 * r = 0.2·thr² + R(cpu, 0.8) + R(mem, 0.5) + 0.2·(1 − min(1, P95/200)) − 0.1·|n − n*| − 0.5·[requested ≠ n],
 * rounded to three decimals; thr in calls answered well per second, n the desired replicas as the gateway tells them.
 * What was not measured counts as 0, P95 as 200 s: so it was published.
 */
function paperReward({ window, requestedReplicas, isWithinBounds }: RewardInput): Reward {
  const throughput = window.throughputRps ?? 0;
  const cpu = window.cpuRatio ?? 0;
  const memory = window.memoryRatio ?? 0;
  const p95 = window.latencySeconds.p95 ?? PAPER_IDLE_P95_SECONDS;
  const n = window.desiredReplicas ?? 0;
  return summed(
    {
      throughput: WEIGHTS.throughput * throughput ** 2,
      cpu: paperUtilisation(cpu, WEIGHTS.cpu),
      memory: paperUtilisation(memory, WEIGHTS.memory),
      latency: WEIGHTS.latency * (1 - Math.min(1, p95 / PAPER_IDLE_P95_SECONDS)),
      replicas: -WEIGHTS.replicas * Math.abs(n - paperTargetReplicas(cpu, memory, n)),
      mismatch: requestedReplicas === n ? 0 : -WEIGHTS.mismatch,
      invalid: 0,
    },
    isWithinBounds,
    (total) => Math.round(total * 1000) / 1000,
  );
}

/**
 * The LSTM-PPO baseline (Agarwal et al.): r = 0.75·thr² + 0.125·(100·cpu) + 0.125·(100·mem) − 0.25·(n − 1)² − 100·[requested ≠ n],
 * thr in per cent of calls that succeeded (0 when none ended, as published), n the ready replicas.
 */
function agarwalReward({ window, requestedReplicas, isWithinBounds }: RewardInput): Reward {
  const percent = 100 * (successShare(window) ?? 0);
  const n = window.availableReplicas ?? 0;
  return summed(
    {
      throughput: 0.75 * percent ** 2,
      cpu: 0.125 * 100 * (window.cpuRatio ?? 0),
      memory: 0.125 * 100 * (window.memoryRatio ?? 0),
      replicas: -0.25 * (n - 1) ** 2,
      mismatch: requestedReplicas === n ? 0 : INVALID_ACTION_REWARD,
      invalid: 0,
    },
    isWithinBounds,
    (total) => total,
  );
}

/** What a replica costs, a window long. */
const COST_PER_REPLICA = 0.02;
/** How much memory beyond 0.9 of the request hurts. */
const MEMORY_RISK = { from: 0.9, to: 1, weight: 0.5 } as const;
/** A P95 of more SLOs is no worse: one lost window must not drown an episode. */
const WORST_SLOS = 6;

/** exp(−4(u − 0.7)²) up to u = 1, then the straight line of slope −2 that meets it there. */
export function correctedUtilisation(u: number): number {
  const gauss = (x: number) => Math.exp(-4 * (x - TARGET_UTILISATION) ** 2);
  return u <= 1 ? gauss(u) : gauss(1) - 2 * (u - 1);
}

/**
 * `paper` with its defects mended:
 * r = 0.2·ok + 0.8·q·g(cpu) + 0.2·(1 − min(6, P95/SLO)) − 0.5·m − 0.02·replica-seconds ÷ window, where
 * - ok is the share of ended calls that succeeded, 1 when none ended: `thr²` paid for demand, which no policy controls;
 * - g is continuous: R fell from 0.56 to −0.8 at u = 1 and leapt by 0.74 at u = 0.3. Without CPU figures the term is 0;
 * - q = min(1, SLO/P95) where g is a gain, else 1: full use counts as far as the SLO is kept. At a use of 0.7 a call takes three
 *   times as long as alone, so where that breaks the SLO both targets cannot be met, and R alone outweighed all the rest;
 * - P95 is held against the function's SLO, and beyond it: against 200 s it told nothing, and the worst is not the SLO missed by
 *   a little. An idle window gives the full term: nobody waited;
 * - m, from 0 to 1, grows as memory use goes from 0.9 to 1 of the request: memory hardly depends on replicas and is no target to fill;
 * - replicas cost what they last: |n − n*| pulled towards n*, which memory could push up without end;
 * - [requested ≠ n] is gone: a slow start is the platform's. So is −100: what leaves the bounds is masked, or else cut to them.
 */
function correctedReward({ window, sloSeconds, replicaSeconds }: RewardInput): Reward {
  const { p95 } = window.latencySeconds;
  const slos = p95 === null ? 0 : p95 / sloSeconds;
  const gain = window.cpuRatio === null ? 0 : correctedUtilisation(window.cpuRatio);
  const { from, to, weight } = MEMORY_RISK;
  const risk = Math.min(1, Math.max(0, ((window.memoryRatio ?? 0) - from) / (to - from)));
  return summed(
    {
      success: WEIGHTS.throughput * (successShare(window) ?? 1),
      cpu: WEIGHTS.cpu * (gain > 0 && slos > 1 ? gain / slos : gain),
      latency: WEIGHTS.latency * (1 - Math.min(WORST_SLOS, slos)),
      memory: -weight * risk,
      replicas: (-COST_PER_REPLICA * replicaSeconds) / window.windowSeconds,
    },
    true,
    (total) => total,
  );
}

export const OBJECTIVES = {
  paper: { name: "paper", beyondBounds: "refuse", rewardOf: paperReward },
  agarwal: { name: "agarwal", beyondBounds: "refuse", rewardOf: agarwalReward },
  corrected: { name: "corrected", beyondBounds: "clip", rewardOf: correctedReward },
} as const satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof OBJECTIVES;

/** An action beyond the bounds gets −100 in place of all terms. */
function summed(terms: Record<string, number>, isWithinBounds: boolean, finish: (total: number) => number): Reward {
  if (!isWithinBounds) {
    const none = Object.fromEntries(Object.keys(terms).map((name) => [name, 0]));
    return { total: INVALID_ACTION_REWARD, terms: { ...none, invalid: INVALID_ACTION_REWARD } };
  }
  let total = 0;
  for (const name of Object.keys(terms)) total += terms[name]!;
  return { total: finish(total), terms };
}
