/** What a comparison comes to. */
import type { ErrorRow, WindowPair } from "../../../sim/calibration/comparison.ts";
import type { Refinement } from "../../../sim/calibration/refine.ts";
import type { SimProfile } from "../../../sim/profiles.ts";
import type { Ranking } from "./ranking.ts";

/** One scripted replay, window by window, on the platform and in the simulator. */
export interface ReplayComparison {
  readonly role: "fitted" | "reported";
  readonly fromWindow: number;
  readonly counts: readonly number[];
  readonly windows: readonly WindowPair[];
  readonly errors: readonly ErrorRow[];
  readonly invalidBecause: string | null;
}

/** All that a comparison found: the refined profile, its errors and the ranking of policies. */
export interface Comparison {
  readonly timeLapse: number;
  readonly trace: string;
  readonly rateScale: number;
  readonly seed: string;
  readonly profile: SimProfile;
  readonly refinement: Refinement;
  readonly replays: readonly ReplayComparison[];
  /** The reported replay with the profile as the ladders alone gave it. */
  readonly unrefined: readonly ErrorRow[];
  /** The reported replay simulated against itself with other seeds. */
  readonly noise: readonly ErrorRow[];
  readonly ranking: Ranking;
}
