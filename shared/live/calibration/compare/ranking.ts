/** The same policies on the same load, live and simulated: do both put them in the same order? */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom } from "../../../core/random.ts";
import { kendallTau } from "../../../sim/calibration/kendall.ts";
import { median } from "../../../sim/calibration/statistics.ts";
import { InterruptedError, BadInputError } from "../../../core/errors.ts";
import type { PolicyScore } from "../../../evaluation/simulated-scores.ts";
import type { RunTotals } from "../../run/record.ts";
import { followRun, planRun, startRun, type RunObserver } from "../../run/run.ts";
import type { CalibrateWorld } from "../calibrate.ts";
import type { CalibrateOptions, CompareOptions } from "../options.ts";
import { areAlike, scoreIntervals, type ScoreIntervals } from "./live-interval.ts";
import { WINDOW_SECONDS } from "../../../core/window.ts";
import { policyByName } from "../../../policies/by-name.ts";
import { resolvePolicy } from "../../../evaluation/policies.ts";

/** A policy, as each of the two worlds names it. */
export interface RankedPolicy {
  readonly name: string;
  /** As stack.yml and the simulator take it: the live loop decides by the window, as `…@30s` does in the simulator. */
  readonly liveName: string;
  readonly simulatedName: string;
}

/** Throws `BadInputError` for a policy that cannot be compared. */
export async function rankedPolicy(name: string): Promise<RankedPolicy> {
  if (name.endsWith("@bare")) throw new BadInputError(`policy '${name}': the live loop has no way around the guard`);
  const liveName = name.replace(/@30s$/, "");
  const simulatedName = liveName.split(":")[0] === "kpa" ? `${liveName}@30s` : liveName;
  policyByName(liveName);
  await resolvePolicy(simulatedName);
  return { name, liveName, simulatedName };
}

/** One policy's scores, live and simulated. */
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

/** Kendall's τ by score, −1…1; null where it is not defined. */
export interface Taus {
  readonly sloViolations: number | null;
  readonly replicaSeconds: number | null;
}

/** How far live and simulated scores put the policies in the same order. */
export interface Ranking {
  readonly rows: readonly RankingRow[];
  readonly tau: Taus;
  /** Of pairs of policies, by the live run's intervals: the order of the others may be chance, and they are left out. */
  readonly clearTau: Taus;
  readonly clearPairs: Readonly<Record<keyof Taus, number>>;
  readonly pairs: number;
  /** Median τ of one simulation against the mean of all: a live run is one draw, too, and policies may be near each other. */
  readonly chance: Taus;
  readonly goal: number;
}

/** The τ from which on a simulator ranks policies well enough. */
const TAU_GOAL = 0.8;

const FIELDS = { sloViolations: "sloViolationShare", replicaSeconds: "replicaSeconds" } as const;

/** The ranking of all rows; every row has as many simulations. */
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

/** All that determines a live run beside its policy; the key in the live book. */
export type LiveRun = Pick<CalibrateOptions, "stack" | "timeLapse"> &
  Pick<CompareOptions, "trace" | "fromWindow" | "windows" | "rateScale" | "seed">;

/** The scores of one live run. */
export interface LiveScore extends Pick<RunTotals, "invalidBecause" | "scheduleDigest"> {
  readonly live: PolicyScore;
  readonly liveIntervals: ScoreIntervals | null;
}

const SILENT: RunObserver = {
  onWindow: () => {},
  onModel: () => {},
  onLoad: () => {},
  onProblem: () => {},
  onAlarm: () => {},
};

/** The whole loop, as `up` runs it, in a home of its own. A load that missed its schedule shows in the score. */
export async function liveScore({ liveName }: RankedPolicy, slice: LiveRun, world: CalibrateWorld): Promise<LiveScore> {
  const home = await mkdtemp(join(tmpdir(), "replicant-compare-"));
  try {
    const options = { ...slice, policy: liveName, port: 0, format: null, profile: "open" } as const;
    const plan = await planRun({ ...options, verbose: false, verify: false }, world);
    const run = await startRun(plan, { ...world, home });
    try {
      const { totals, windows } = await followRun(run, SILENT);
      if (world.signal.aborted) throw new InterruptedError();
      const { sloViolationShare, replicaSeconds, invalidBecause, scheduleDigest } = totals;
      return {
        live: { sloViolationShare: sloViolationShare ?? 0, replicaSeconds },
        liveIntervals: scoreIntervals(windows, WINDOW_SECONDS, seededRandom(`${slice.seed}/intervals`)),
        ...{ invalidBecause, scheduleDigest },
      };
    } finally {
      await run.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
