/** `replicant calibrate`: measures a platform and writes a simulator profile of it, each parameter with its error. */
import { readFlags } from "#shared/config/flags.ts";
import { machine } from "#shared/evaluation/files/machine.ts";
import { checkProfileFile, writeProfileFile } from "#shared/evaluation/files/profile-file.ts";
import { splitPolicies } from "#shared/evaluation/policies.ts";
import { calibrate } from "#shared/live/calibration/calibrate.ts";
import { compare, planComparison } from "#shared/live/calibration/compare/compare.ts";
import { busyWarning, machineLoad } from "#shared/live/calibration/machine-load.ts";
import { COMPARE_DEFAULTS, type CalibrateOptions, type CompareOptions } from "#shared/live/calibration/options.ts";
import { DEMO } from "#shared/live/run/options.ts";
import { startEmptyPlatform, startLocalStack } from "../local-openfaas/index.ts";
import { calibrationLines, comparisonLines } from "./calibrate/print.ts";
import { command, type FlagsOf, type World } from "./command.ts";

const OPTIONS = {
  "--gateway <url>": "measure this one, with loads of up to 200 calls a second; else a platform of our own",
  "--user <name>": "its user (default admin)",
  "--password-file <file>": "a file with its password",
  "--function <name>":
    "whose limits, bounds and SLO the profile gets; its image is the one that is called (default stress)",
  "--function-metrics <url>": "with --gateway: its metrics, for the observation lag",
  "--container-metrics <url>": "with --gateway: CPU metrics, for the observation lag",
  "--quick": "within a minute, to see that it works; else within five",
  "--time-lapse <k>": "one real second is k seconds of the profile (1; with --compare 10)",
  "--stack <file>": "another stack file",
  "--out <file>": "write the profile here, for 'simulate --profile @FILE'",
  "--compare": "replay scripted actions and five policies live and in the simulator, and report the errors",
  "--from <file>": "with --compare: a profile that was measured before, instead of measuring one",
  "--resume <file>": "with --compare: remember live runs in this file, and make only those that it lacks",
  "--trace <file>": "with --compare: the load",
  "--from-window <n>": "with --compare: skip so many windows of 30 s",
  "--windows <n>": "with --compare: windows of each replay (20; with --quick 8)",
  "--rate-scale <x>": "with --compare: multiply the trace's rates",
  "--policies <a,b,…>": "with --compare: the policies that are ranked",
  "--seed <text>": "with --compare: seed of schedule and script",
  "--json": "print one JSON document, and nothing else, on stdout",
  "--verbose": "print what the platform does",
} as const;

/** The flags of `calibrate`. */
export type CalibrateFlags = FlagsOf<typeof OPTIONS>;

export default command({
  name: "calibrate",
  description: "measure a platform, write a simulator profile of it, and report how far the simulator is from it",
  options: OPTIONS,
  async run(flags, world) {
    const options = readCalibrateFlags(flags);
    const { out } = flags;
    if (out !== undefined) await checkProfileFile(out);
    const busy = options.gateway === null ? busyWarning(machineLoad(), machine().cores) : null;
    if (busy !== null) world.say(busy);
    return flags.compare ? runComparison(flags, options, world) : runCalibration(flags, options, world);
  },
});

const starters = { startStack: startLocalStack, startEmptyPlatform };

async function runCalibration({ out, json }: CalibrateFlags, options: CalibrateOptions, world: World): Promise<void> {
  const { measured, calibration, written } = await calibrate(options, { ...world, ...starters });
  if (out !== undefined) await writeProfileFile(out, written);
  if (json) return world.answer(JSON.stringify({ ...written, measurements: measured }));
  for (const line of calibrationLines(measured, calibration)) world.say(line);
  world.say(
    out === undefined
      ? "--out FILE writes this for 'simulate --profile @FILE' and 'evaluate --profiles @FILE'"
      : `${out}: use it as 'evaluate --profiles @${out}'`,
  );
}

async function runComparison(flags: CalibrateFlags, options: CalibrateOptions, world: World): Promise<void> {
  const { out, json } = flags;
  const plan = await planComparison(readCompareFlags(flags), options, world);
  const { comparison, written } = await compare(plan, options, { ...world, ...starters });
  if (out !== undefined && written) await writeProfileFile(out, written);
  if (json) return world.answer(JSON.stringify(comparison));
  for (const line of comparisonLines(comparison)) world.say(line);
}

/** Throws a `ConfigError` that names every bad flag. */
export function readCalibrateFlags(flags: CalibrateFlags): CalibrateOptions {
  const read = readFlags();
  const gateway = read.url("gateway", flags.gateway);
  const { functionMetrics, containerMetrics } = flags;
  const metrics = { functionMetrics, containerMetrics };
  if (gateway === null) read.refuse(metrics, "belongs to --gateway: a platform of our own reports its address itself");
  if (flags.compare && gateway !== null) {
    read.problem("--compare runs the whole loop on a platform of its own, so --gateway has no place beside it");
  }
  const { from, trace, fromWindow, windows, rateScale, policies, seed, resume } = flags;
  const ofCompare = { from, trace, fromWindow, windows, rateScale, policies, seed, resume };
  if (!flags.compare) read.refuse(ofCompare, "belongs to --compare");
  const timeLapse = flags.compare ? COMPARE_DEFAULTS.timeLapse : 1;
  const options = {
    gateway: gateway === null ? null : { gateway, user: flags.user, passwordFile: flags.passwordFile },
    functionName: flags.function ?? "stress",
    functionMetrics: read.url("function-metrics", functionMetrics),
    containerMetrics: read.url("container-metrics", containerMetrics),
    quick: flags.quick ?? false,
    timeLapse: read.number("time-lapse", flags.timeLapse, timeLapse, { least: 1, most: 100 }),
    stack: flags.stack ?? "stack.yml",
    verbose: flags.verbose ?? false,
  };
  read.done();
  return options;
}

/** Throws a `ConfigError` that names every bad flag. */
export function readCompareFlags(flags: CalibrateFlags): CompareOptions {
  const read = readFlags();
  const count = { least: 0, most: 10_000_000, whole: true };
  const windows = COMPARE_DEFAULTS.windows[flags.quick ? "quick" : "full"];
  const options = {
    trace: flags.trace ?? DEMO.trace,
    fromWindow: read.number("from-window", flags.fromWindow, flags.trace === undefined ? DEMO.fromWindow : 0, count),
    windows: read.number("windows", flags.windows, windows, { ...count, least: 3, most: 1_000 }),
    rateScale: read.number("rate-scale", flags.rateScale, DEMO.rateScale, { least: 0.001, most: 10_000 }),
    seed: flags.seed ?? "1",
    policies: splitPolicies(flags.policies ?? COMPARE_DEFAULTS.policies),
    from: flags.from?.replace(/^@/, "") ?? null,
    resume: flags.resume ?? null,
  };
  read.done();
  return options;
}
