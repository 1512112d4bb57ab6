/** What `calibrate` was asked for, checked: every problem in one go. */
import type { GatewayFlags } from "#shared/live/find-platform.ts";
import { readFlags } from "#shared/config/flags.ts";

export interface CalibrateFlags extends GatewayFlags {
  readonly function?: string;
  readonly functionMetrics?: string;
  readonly containerMetrics?: string;
  readonly quick?: boolean;
  readonly timeLapse?: string;
  readonly stack?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly compare?: boolean;
  readonly from?: string;
  readonly trace?: string;
  readonly fromWindow?: string;
  readonly windows?: string;
  readonly rateScale?: string;
  readonly policies?: string;
  readonly seed?: string;
  readonly resume?: string;
}

export interface CalibrateOptions {
  /** Null: a platform of our own on this machine, for as long as it takes. */
  readonly gateway: string | null;
  /** Whose limits, bounds and SLO the profile has; on another gateway, whose image is used, too. */
  readonly functionName: string;
  readonly functionMetrics: string | null;
  readonly containerMetrics: string | null;
  readonly quick: boolean;
  readonly timeLapse: number;
  readonly stack: string;
  readonly out: string | null;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** `compare` runs in time-lapse where nobody says otherwise: a window of 30 s in three. */
const COMPARE_TIME_LAPSE = 10;

export function readCalibrateFlags(flags: CalibrateFlags): CalibrateOptions {
  const read = readFlags();
  const url = (name: string, text: string | undefined) => {
    if (text === undefined) return null;
    if (!/^https?:\/\/[^\s/]+/.test(text)) read.problem(`--${name} must be an http(s) URL, was: '${text}'`);
    return text;
  };
  const gateway = url("gateway", flags.gateway);
  if (gateway === null) {
    for (const [name, text] of Object.entries({
      "function-metrics": flags.functionMetrics,
      "container-metrics": flags.containerMetrics,
    })) {
      if (text !== undefined)
        read.problem(`--${name} belongs to --gateway: a platform of our own tells its address itself`);
    }
  }
  if (flags.compare && gateway !== null) {
    read.problem("--compare runs the whole loop on a platform of its own, so --gateway has no place beside it");
  }
  for (const [name, text] of Object.entries(compareOnly(flags))) {
    if (text !== undefined && !flags.compare) read.problem(`--${name} belongs to --compare`);
  }
  const options = {
    gateway,
    functionName: flags.function ?? "stress",
    functionMetrics: url("function-metrics", flags.functionMetrics),
    containerMetrics: url("container-metrics", flags.containerMetrics),
    quick: flags.quick ?? false,
    timeLapse: read.number("time-lapse", flags.timeLapse, flags.compare ? COMPARE_TIME_LAPSE : 1, {
      least: 1,
      most: 100,
    }),
    stack: flags.stack ?? "stack.yml",
    out: flags.out ?? null,
    json: flags.json ?? false,
    verbose: flags.verbose ?? false,
  };
  read.done();
  return options;
}

function compareOnly({ from, trace, fromWindow, windows, rateScale, policies, seed, resume }: CalibrateFlags) {
  return { from, trace, "from-window": fromWindow, windows, "rate-scale": rateScale, policies, seed, resume };
}
