/** The objective of LSTM-PPO+ and PPO, as published. */
import { PAPER_IDLE_P95_SECONDS } from "../observation/published.ts";
import { summed, TARGET_UTILISATION, type Objective, type Reward, type StepFacts } from "./objective.ts";

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
 * rounded to three decimals; thr in calls answered well per second, n the desired replicas as the gateway reports them.
 * What was not measured counts as 0, P95 as 200 s: so it was published.
 */
function paperReward({ window, requestedReplicas, isWithinBounds }: StepFacts): Reward {
  const throughput = window.throughputRps ?? 0;
  const cpu = window.cpuRatio ?? 0;
  const memory = window.memoryRatio ?? 0;
  const p95 = window.latencySeconds.p95 ?? PAPER_IDLE_P95_SECONDS;
  const n = window.desiredReplicas ?? 0;
  const { total, terms } = summed(
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
  );
  return { total: Math.round(total * 1000) / 1000, terms };
}

/** The reward as it was published. */
export const paper: Objective = { name: "paper", beyondBounds: "refuse", rewardOf: paperReward };
