/** What `calibrate` needs of the world, and what its first half hands to its second. */
import type { Calibration } from "../../sim/calibration/fit.ts";
import type { Measurements } from "../../sim/calibration/measurements.ts";
import type { PlaceWorld } from "./place.ts";
import type { WrittenProfile } from "../../evaluation/files/profile-file.ts";

export interface CalibrateWorld extends Omit<PlaceWorld, "log"> {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly answer: (json: string) => void;
  readonly signal: AbortSignal;
  /** As typed, for the record. */
  readonly command: string;
}

export interface Calibrated {
  readonly measured: Measurements;
  readonly calibration: Calibration;
  readonly written: WrittenProfile;
}
