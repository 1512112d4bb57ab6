/** The same policies on the same load, live and simulated: do both put them in the same order? */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom } from "../../../core/random.ts";
import { kendallTau } from "../../../sim/calibration/kendall.ts";
import { median } from "../../../sim/calibration/statistics.ts";
import { InterruptedError } from "../../../evaluation/pool/pool.ts";
import type { PolicyScore } from "../../../evaluation/simulated-scores.ts";
import type { RunTotals, WindowRow } from "../../run/record.ts";
import { up } from "../../run/run.ts";
import type { CalibrateWorld } from "../world.ts";
import { areAlike, scoreIntervals, type ScoreIntervals } from "./live-interval.ts";
import { WINDOW_SECONDS, type RankedPolicy } from "../../../../services/cli/calibrate/compare/options.ts";

export interface RankingRow {
  readonly policy: string;
  readonly live: PolicyScore;
  /** Null where no window of the live run was measured. */
  readonly liveIntervals: ScoreIntervals | null;
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
  /** Of pairs of policies, by the live run's intervals: the others may stand in their order by chance, and are left out. */
  readonly clearTau: Taus;
  readonly clearPairs: Readonly<Record<keyof Taus, number>>;
  readonly pairs: number;
  /** Median τ of one simulation against the mean of all: a live run is one draw, too, and policies may be near each other. */
  readonly chance: Taus;
  readonly goal: number;
}

export const TAU_GOAL = 0.8;

const FIELDS = { sloViolations: "sloViolationShare", replicaSeconds: "replicaSeconds" } as const;

export function rankingOf(rows: readonly RankingRow[]): Ranking {
  const isClear = (field: keyof PolicyScore) => (i: number, j: number) => {
    const [a, b] = [rows[i]!, rows[j]!];
    if (a.liveIntervals === null || b.liveIntervals === null) return true;
    return !areAlike(a.live[field], a.liveIntervals[field], b.live[field], b.liveIntervals[field]);
  };
  const taus = (scores: readonly PolicyScore[], counts?: typeof isClear): Taus =>
    mapFields((field) =>
      kendallTau(
        scores.map((score) => score[field]),
        rows.map(({ simulated }) => simulated[field]),
        counts?.(field),
      ),
    );
  const draws = (rows[0]?.simulations ?? []).map((_, seed) => taus(rows.map(({ simulations }) => simulations[seed]!)));
  const typical = (field: keyof Taus) => median(draws.flatMap((draw) => (draw[field] === null ? [] : [draw[field]])));
  const live = rows.map((row) => row.live);
  const pairs = rows.flatMap((_, i) => rows.slice(i + 1).map((_, n) => [i, i + 1 + n] as const));
  return {
    rows,
    tau: taus(live),
    clearTau: taus(live, isClear),
    clearPairs: mapFields((field) => pairs.filter(([i, j]) => isClear(field)(i, j)).length),
    pairs: pairs.length,
    chance: { sloViolations: typical("sloViolations"), replicaSeconds: typical("replicaSeconds") },
    goal: TAU_GOAL,
  };
}

function mapFields<T>(of: (field: keyof PolicyScore) => T): Record<keyof Taus, T> {
  return { sloViolations: of(FIELDS.sloViolations), replicaSeconds: of(FIELDS.replicaSeconds) };
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

export interface LiveScore extends Pick<RunTotals, "invalidBecause" | "scheduleDigest"> {
  readonly live: PolicyScore;
  readonly liveIntervals: ScoreIntervals | null;
}

/** The whole loop, as `up` runs it, in a home of its own. */
export async function liveScore({ liveName }: RankedPolicy, run: LiveRun, world: CalibrateWorld): Promise<LiveScore> {
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
  const { totals, windows } = JSON.parse(answered ?? "null") as { totals: RunTotals; windows: WindowRow[] };
  const { sloViolationShare, replicaSeconds, invalidBecause, scheduleDigest } = totals;
  return {
    live: { sloViolationShare: sloViolationShare ?? 0, replicaSeconds },
    liveIntervals: scoreIntervals(windows, WINDOW_SECONDS, seededRandom(`${run.seed}/intervals`)),
    ...{ invalidBecause, scheduleDigest },
  };
}
