/** The same policies on the same load, live and simulated: do both put them in the same order? */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { resolvePolicy } from "#shared/evaluation/policies.ts";
import { foresightOf } from "#shared/evaluation/foresight.ts";
import type { Schedule } from "#shared/core/schedule.ts";
import { kendallTau } from "#shared/sim/calibration/kendall.ts";
import { median } from "#shared/sim/calibration/statistics.ts";
import type { SimProfile } from "#shared/sim/profiles.ts";
import { simulate, type TickPolicy } from "#shared/sim/simulate.ts";
import { InterruptedError } from "../../evaluate/pool.ts";
import type { RunTotals } from "../../up/run-record.ts";
import { up } from "../../up/up.ts";
import type { CalibrateWorld } from "../world.ts";
import type { RankedPolicy } from "./options.ts";

export interface PolicyScore {
  /** Calls over the SLO or failed ÷ all. */
  readonly sloViolationShare: number;
  /** Desired replicas over the ticks of the run. */
  readonly replicaSeconds: number;
}

export interface RankingRow {
  readonly policy: string;
  readonly live: PolicyScore;
  /** Mean of `simulations`. */
  readonly simulated: PolicyScore;
  /** One for each seed of the platform's chance. */
  readonly simulations: readonly PolicyScore[];
  /** Null when the load kept its schedule. */
  readonly invalidBecause: string | null;
}

export interface Taus {
  readonly sloViolations: number | null;
  readonly replicaSeconds: number | null;
}

export interface Ranking {
  readonly rows: readonly RankingRow[];
  readonly tau: Taus;
  /** Median τ of one simulation against the mean of all: a live run is one draw, too, and policies may be near each other. */
  readonly chance: Taus;
  readonly goal: number;
}

export const TAU_GOAL = 0.8;

export function rankingOf(rows: readonly RankingRow[]): Ranking {
  const taus = (scores: readonly PolicyScore[]): Taus => {
    const of = (field: keyof PolicyScore) =>
      kendallTau(
        scores.map((score) => score[field]),
        rows.map(({ simulated }) => simulated[field]),
      );
    return { sloViolations: of("sloViolationShare"), replicaSeconds: of("replicaSeconds") };
  };
  const draws = (rows[0]?.simulations ?? []).map((_, seed) => taus(rows.map(({ simulations }) => simulations[seed]!)));
  const typical = (field: keyof Taus) => median(draws.flatMap((draw) => (draw[field] === null ? [] : [draw[field]])));
  return {
    rows,
    tau: taus(rows.map(({ live }) => live)),
    chance: { sloViolations: typical("sloViolations"), replicaSeconds: typical("replicaSeconds") },
    goal: TAU_GOAL,
  };
}

export interface LiveRun {
  readonly stack: string;
  readonly trace: string;
  readonly fromWindow: number;
  readonly windows: number;
  readonly rateScale: number;
  readonly timeLapse: number;
  readonly seed: string;
}

/** The whole loop, as `up` runs it, in a home of its own. */
export async function liveScore(
  { liveName }: RankedPolicy,
  run: LiveRun,
  world: CalibrateWorld,
): Promise<PolicyScore & Pick<RunTotals, "invalidBecause" | "scheduleDigest">> {
  const home = await mkdtemp(join(tmpdir(), "replicant-compare-"));
  const exitCode = process.exitCode;
  let answered: string | null = null;
  try {
    await up(
      {
        ...{ trace: run.trace, stack: run.stack, seed: run.seed, policy: liveName, port: "0", json: true },
        ...{ fromWindow: String(run.fromWindow), windows: String(run.windows) },
        ...{ rateScale: String(run.rateScale), timeLapse: String(run.timeLapse) },
      },
      { ...world, home, columns: () => 200, say: () => {}, answer: (json) => (answered = json) },
    );
  } finally {
    // A load that missed its schedule is told in the row; the comparison goes on.
    process.exitCode = exitCode;
    await rm(home, { recursive: true, force: true });
  }
  if (world.signal.aborted) throw new InterruptedError();
  const { totals } = JSON.parse(answered ?? "null") as { totals: RunTotals };
  const { sloViolationShare, replicaSeconds, invalidBecause, scheduleDigest } = totals;
  return { sloViolationShare: sloViolationShare ?? 0, replicaSeconds, invalidBecause, scheduleDigest };
}

/** Idle windows before the load, as the live loop has them: what a policy makes of nothing is not the load's. */
const IDLE_WINDOWS = 3;
const SEEDS = 5;

/** One score for each seed of the platform's chance, and their mean. */
export async function simulatedScores(
  { simulatedName }: RankedPolicy,
  schedule: Schedule,
  profile: SimProfile,
): Promise<Pick<RankingRow, "simulated" | "simulations">> {
  const policy = await resolvePolicy(simulatedName);
  const idleSeconds = IDLE_WINDOWS * schedule.windowSeconds;
  const delayed: Schedule = {
    ...schedule,
    durationSeconds: schedule.durationSeconds + idleSeconds,
    offsetSeconds: schedule.offsetSeconds.map((offset) => offset + idleSeconds),
  };
  const simulations = Array.from({ length: SEEDS }, (_, seed): PolicyScore => {
    const running = policy.start({ seed, foresight: foresightOf(delayed, profile) });
    if (running.pace !== "window") throw new Error(`policy '${simulatedName}' does not decide by the window`);
    const cost = desiredOverTicks(idleSeconds);
    const { totals } = simulate({
      ...{ schedule: delayed, profile, seed: `ranking/${seed}` },
      ...{ policy: running.policy, tickPolicy: cost.listener },
    });
    return { sloViolationShare: totals.sloViolationShare, replicaSeconds: cost.replicaSeconds() };
  });
  const mean = (field: keyof PolicyScore) => simulations.reduce((sum, score) => sum + score[field], 0) / SEEDS;
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
