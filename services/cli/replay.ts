/** `replicant replay`: the load generator from the command line. */
import { randomUUID } from "node:crypto";

import { BadInputError, ConfigError } from "#shared/core/errors.ts";
import { GAP_RULES, TRACE_FORMATS } from "#shared/traces/trace.ts";
import { replayFromFile, type ReplayFromFileOptions } from "#shared/load/replay-from-file.ts";

export interface ReplayFlags {
  readonly trace?: string;
  readonly url?: string;
  readonly format?: string;
  readonly fromWindow?: string;
  readonly windows?: string;
  readonly rateScale?: string;
  readonly timeLapse?: string;
  readonly gapRule?: string;
  readonly seed?: string;
  readonly sloSeconds?: string;
  readonly meanCpuSeconds?: string;
  readonly workCv?: string;
  readonly records?: string;
  readonly schedule?: string;
  readonly json?: boolean;
}

const WINDOW_SECONDS = 30;

export interface ReplayWorld {
  readonly say: (line: string) => void;
  readonly answer: (json: string) => void;
  readonly signal: AbortSignal;
}

/** Exit code 1 when the run is not valid. */
export async function replay(flags: ReplayFlags, { say, answer, signal }: ReplayWorld): Promise<number> {
  const options = readReplayFlags(flags);
  const result = await replayFromFile({
    ...options,
    runId: randomUUID(),
    signal,
    onPlanned: ({ schedule, scheduleDigest }) =>
      say(
        `${schedule.offsetSeconds.length} requests in ${schedule.durationSeconds} s, schedule ${scheduleDigest.slice(0, 12)}`,
      ),
    onWindow: (window) =>
      say(
        `window ${window.index}: ${window.sent}/${window.scheduled} sent, ${window.failed} failed, ${window.shed} shed, ` +
          `p95 ${window.p95Seconds?.toFixed(3) ?? "–"} s, lateness p99 ${window.latenessP99Ms?.toFixed(1) ?? "–"} ms`,
      ),
  });
  if (flags.json) answer(JSON.stringify(result));
  else {
    const { totals, valid, invalidBecause } = result;
    say(`${totals.ok} ok, ${totals.failed} failed, ${totals.shed} shed, ${totals.unfinished} unfinished`);
    say(valid ? "the run is valid" : `the run is NOT valid: ${invalidBecause}`);
  }
  return result.valid || signal.aborted ? 0 : 1;
}

function readReplayFlags(flags: ReplayFlags): Omit<ReplayFromFileOptions, "runId"> {
  if (flags.trace === undefined) throw new BadInputError("--trace is missing: which file is to be replayed?");
  const problems: string[] = [];
  const number = (name: string, text: string | undefined, least: number): number | undefined => {
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= least) return value;
    problems.push(`--${name} must be a number of at least ${least}, was: '${text}'`);
    return undefined;
  };
  const oneOf = <T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T | undefined => {
    const found = allowed.find((one) => one === text);
    if (text !== undefined && found === undefined) {
      problems.push(`--${name} must be one of ${allowed.join(", ")}, was: '${text}'`);
    }
    return found;
  };
  const fromWindow = number("from-window", flags.fromWindow, 0);
  const windows = number("windows", flags.windows, 1);
  const options = {
    trace: flags.trace,
    url: flags.url,
    seed: flags.seed ?? "1",
    format: oneOf("format", flags.format, TRACE_FORMATS),
    gapRule: oneOf("gap-rule", flags.gapRule, GAP_RULES),
    fromSeconds: fromWindow === undefined ? undefined : fromWindow * WINDOW_SECONDS,
    durationSeconds: windows === undefined ? undefined : windows * WINDOW_SECONDS,
    rateScale: number("rate-scale", flags.rateScale, 0),
    timeLapse: number("time-lapse", flags.timeLapse, 1),
    sloSeconds: number("slo-seconds", flags.sloSeconds, 0),
    meanCpuSeconds: number("mean-cpu-seconds", flags.meanCpuSeconds, 0),
    workCv: number("work-cv", flags.workCv, 0),
    recordsPath: flags.records,
    schedulePath: flags.schedule,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
