/** What a calibration measures, and what a comparison replays afterwards. */
import type { ChosenGateway } from "../find-platform.ts";
import type { LiveRunOptions } from "../run/options.ts";

/** The options of a calibration, as the command line gives them. */
export interface CalibrateOptions extends Pick<LiveRunOptions, "timeLapse" | "stack" | "verbose"> {
  /** A gateway that runs already, with its login; null: a platform of our own on this machine, for as long as it takes. */
  readonly gateway: (ChosenGateway & { readonly gateway: string }) | null;
  /** Whose limits, bounds and SLO the profile has; on another gateway, whose image is used, too. */
  readonly functionName: string;
  /** Addresses of the gateway's metrics, for the observation lag; null: not known. */
  readonly functionMetrics: string | null;
  readonly containerMetrics: string | null;
  /** Within a minute, to see that it works. */
  readonly quick: boolean;
}

/** Two slices of one trace, and the policies that are ranked. */
export interface CompareOptions {
  readonly trace: string;
  /** First window of the replay that is fitted; the one that is reported follows it. */
  readonly fromWindow: number;
  /** Of each replay. */
  readonly windows: number;
  readonly rateScale: number;
  readonly seed: string;
  /** By name, as `--policies` takes them. */
  readonly policies: readonly string[];
  /** A profile that was measured before; null: one is measured first. */
  readonly from: string | null;
  /** A file that keeps live runs; null: all are made. */
  readonly resume: string | null;
}

/** The defaults of a comparison. */
export const COMPARE_DEFAULTS = {
  /** A window of 30 s in three. */
  timeLapse: 10,
  policies: "fixed:2,fixed:10,hpa,kpa@30s,openfaas-pro",
  windows: { quick: 8, full: 20 },
} as const;
