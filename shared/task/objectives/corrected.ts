/** The published objective with its defects fixed. */
import { successShare } from "../../core/window.ts";
import { summed, TARGET_UTILISATION, type Objective, type Reward, type StepFacts } from "./objective.ts";

const WEIGHTS = { throughput: 0.2, cpu: 0.8, latency: 0.2 } as const;
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
 * `paper` with its defects fixed:
 * r = 0.2·ok + 0.8·q·g(cpu) + 0.2·(1 − min(6, P95/SLO)) − 0.5·m − 0.02·replica-seconds ÷ window, where
 * - ok is the share of ended calls that succeeded, 1 when none ended: `thr²` paid for demand, which no policy controls;
 * - g is continuous: R fell from 0.56 to −0.8 at u = 1 and leapt by 0.74 at u = 0.3. Without CPU figures the term is 0;
 * - q = min(1, SLO/P95) where g is a gain, else 1: full use counts as far as the SLO is kept. At a use of 0.7 a call takes three
 *   times as long as alone, so where that breaks the SLO both targets cannot be met, and R alone outweighed all the rest;
 * - P95 is held against the function's SLO, and beyond it: against 200 s it said nothing, and the worst is not the SLO missed by
 *   a little. An idle window gives the full term: nobody waited;
 * - m, from 0 to 1, grows as memory use goes from 0.9 to 1 of the request: memory hardly depends on replicas and is no target to fill;
 * - replicas cost what they last: |n − n*| pulled towards n*, which memory could push up without end;
 * - [requested ≠ n] is gone: a slow start is the platform's. So is −100: what leaves the bounds is masked, or else cut to them.
 */
function correctedReward({ window, sloSeconds, replicaSeconds }: StepFacts): Reward {
  const { p95 } = window.latencySeconds;
  const slos = p95 === null ? 0 : p95 / sloSeconds;
  const gain = window.cpuRatio === null ? 0 : correctedUtilisation(window.cpuRatio);
  const { from, to, weight } = MEMORY_RISK;
  const risk = Math.min(1, Math.max(0, ((window.memoryRatio ?? 0) - from) / (to - from)));
  return summed({
    success: WEIGHTS.throughput * (successShare(window) ?? 1),
    cpu: WEIGHTS.cpu * (gain > 0 && slos > 1 ? gain / slos : gain),
    latency: WEIGHTS.latency * (1 - Math.min(WORST_SLOS, slos)),
    memory: -weight * risk,
    replicas: (-COST_PER_REPLICA * replicaSeconds) / window.windowSeconds,
  });
}

/** The paper's reward with its terms on one scale. */
export const corrected: Objective = { name: "corrected", beyondBounds: "clip", rewardOf: correctedReward };
