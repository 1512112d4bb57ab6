/** The objective of the LSTM-PPO baseline, as published. */
import { successShare } from "../../core/window.ts";
import { INVALID_ACTION_REWARD, summed, type Objective, type Reward, type StepFacts } from "./objective.ts";

/**
 * The LSTM-PPO baseline (Agarwal et al.): r = 0.75·thr² + 0.125·(100·cpu) + 0.125·(100·mem) − 0.25·(n − 1)² − 100·[requested ≠ n],
 * thr in per cent of calls that succeeded (0 when none ended, as published), n the ready replicas.
 */
function agarwalReward({ window, requestedReplicas, isWithinBounds }: StepFacts): Reward {
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
  );
}

/** Agarwal et al.'s reward. */
export const agarwal: Objective = { name: "agarwal", beyondBounds: "refuse", rewardOf: agarwalReward };
