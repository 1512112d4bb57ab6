/** What the simulator makes of a policy on a load that was played live: counted as the live record counts. */
import type { Schedule } from "../traces/schedule.ts";
import { meanOf } from "./bootstrap.ts";
import { foresightOf } from "./foresight.ts";
import { resolvePolicy } from "./policies.ts";
import type { SimProfile } from "../sim/profiles.ts";
import { simulate, type TickPolicy } from "../sim/simulate.ts";

/** What a policy is judged by. */
export interface PolicyScore {
  /** Calls over the SLO or failed ÷ all. */
  readonly sloViolationShare: number;
  /** Desired replicas over the ticks of the run. */
  readonly replicaSeconds: number;
}

/** What the simulator says of a live run. */
export interface SimulatedScores {
  /** Mean of `simulations`. */
  readonly simulated: PolicyScore;
  /** One for each seed of the platform's chance. */
  readonly simulations: readonly PolicyScore[];
}

/** Idle windows before the load, as the live loop has them: what a policy makes of nothing is not the load's. */
const IDLE_WINDOWS = 3;
const SEEDS = 5;

/** One score for each seed of the platform's chance, and their mean. */
export async function simulatedScores(
  policyName: string,
  schedule: Schedule,
  profile: SimProfile,
): Promise<SimulatedScores> {
  const policy = await resolvePolicy(policyName);
  const idleSeconds = IDLE_WINDOWS * schedule.windowSeconds;
  const delayed: Schedule = {
    ...schedule,
    durationSeconds: schedule.durationSeconds + idleSeconds,
    offsetSeconds: schedule.offsetSeconds.map((offset) => offset + idleSeconds),
  };
  const simulations = Array.from({ length: SEEDS }, (_, seed): PolicyScore => {
    const running = policy.start({ seed, foresight: foresightOf(delayed, profile) });
    if (running.pace !== "window") throw new Error(`policy '${policyName}' does not decide by the window`);
    const cost = desiredOverTicks(idleSeconds);
    const { totals } = simulate({
      ...{ schedule: delayed, profile, seed: `ranking/${seed}` },
      ...{ policy: running.policy, tickPolicy: cost.listener },
    });
    return { sloViolationShare: totals.sloViolationShare, replicaSeconds: cost.replicaSeconds() };
  });
  const mean = (field: keyof PolicyScore) => meanOf(simulations.map((score) => score[field]));
  const simulated = { sloViolationShare: mean("sloViolationShare"), replicaSeconds: mean("replicaSeconds") };
  return { simulated, simulations };
}

/** Desired replicas integrated over ticks, as the live record counts them; the simulator's own figure has starts and drains in it. */
function desiredOverTicks(fromSeconds: number): { readonly listener: TickPolicy; replicaSeconds(): number } {
  let sum = 0;
  let lastMs = fromSeconds * 1_000;
  return {
    replicaSeconds: () => sum,
    listener: {
      identity: { name: "listener", version: "1" },
      onTick({ atMs, desiredReplicas }) {
        if (atMs > lastMs) {
          sum += ((desiredReplicas ?? 0) * (atMs - lastMs)) / 1_000;
          lastMs = atMs;
        }
        return null;
      },
    },
  };
}
