/** `replicant replay`: the load generator from the command line. */
import { randomUUID } from "node:crypto";

import { readFlags } from "#shared/config/flags.ts";
import { WINDOW_SECONDS } from "#shared/core/window.ts";
import { replayFromFile, type ReplayFromFileOptions } from "#shared/load/replay-from-file.ts";
import { GAP_RULES, TRACE_FORMATS } from "#shared/traces/trace.ts";
import { command, type FlagsOf } from "./command.ts";

const OPTIONS = {
  "--trace <file>": "a trace in any known format; '#' selects a part of it",
  "--url <url>": "where each request is POSTed (default http://127.0.0.1:8080/function/stress)",
  "--format <name>": "the trace's format, where detection is not wanted",
  "--from-window <n>": "skip so many windows of 30 s",
  "--windows <n>": "so many windows of 30 s",
  "--rate-scale <x>": "multiply the trace's rates",
  "--time-lapse <k>": "one real second is k seconds of the trace",
  "--gap-rule <name>": "uniform, poisson, equidistant or hyper-exponential",
  "--seed <text>": "seed of the schedule",
  "--slo-seconds <s>": "count requests slower than this, trace time",
  "--mean-cpu-seconds <s>": "CPU time that a request asks for, trace time",
  "--work-cv <x>": "its spread, std ÷ mean",
  "--records <file>": "write a JSON line per request",
  "--schedule <file>": "write the plan before anything is sent",
  "--json": "print one JSON document at the end, and nothing else, on stdout",
} as const;

export default command({
  name: "replay",
  description: "replay a trace against a URL: open loop, latency from the intended instant",
  options: OPTIONS,
  /** Exit code 1 when the run is not valid. */
  async run(flags, { say, answer, signal }) {
    const result = await replayFromFile({
      ...readReplayFlags(flags),
      runId: randomUUID(),
      signal,
      onPlanned: ({ schedule: { offsetSeconds, durationSeconds }, scheduleDigest }) =>
        say(`${offsetSeconds.length} requests in ${durationSeconds} s, schedule ${scheduleDigest.slice(0, 12)}`),
      onWindow: (window) =>
        say(
          `window ${window.index}: ${window.sent}/${window.scheduled} sent, ${window.failed} failed, ${window.shed} shed, ` +
            `p95 ${window.p95Seconds?.toFixed(3) ?? "–"} s, lateness p99 ${window.latenessP99Ms?.toFixed(1) ?? "–"} ms`,
        ),
    });
    const { totals, valid, invalidBecause } = result;
    if (flags.json) answer(JSON.stringify(result));
    else {
      say(`${totals.ok} ok, ${totals.failed} failed, ${totals.shed} shed, ${totals.unfinished} unfinished`);
      say(valid ? "the run is valid" : `the run is NOT valid: ${invalidBecause}`);
    }
    return valid || signal.aborted ? 0 : 1;
  },
});

/** What is absent is left to the replay's own defaults. */
function readReplayFlags(flags: FlagsOf<typeof OPTIONS>): Omit<ReplayFromFileOptions, "runId"> {
  const read = readFlags();
  if (flags.trace === undefined) read.problem("--trace is missing: which file is to be replayed?");
  const atLeast = (least: number) => ({ least, most: Infinity });
  const windows = (name: string, text: string | undefined, least: number) => {
    const count = read.number(name, text, null, atLeast(least));
    return count === null ? null : count * WINDOW_SECONDS;
  };
  const options = {
    trace: flags.trace,
    url: flags.url,
    seed: flags.seed ?? "1",
    format: read.choice("format", flags.format, TRACE_FORMATS, null),
    gapRule: read.choice("gap-rule", flags.gapRule, GAP_RULES, null),
    fromSeconds: windows("from-window", flags.fromWindow, 0),
    durationSeconds: windows("windows", flags.windows, 1),
    rateScale: read.number("rate-scale", flags.rateScale, null, atLeast(0)),
    timeLapse: read.number("time-lapse", flags.timeLapse, null, atLeast(1)),
    sloSeconds: read.number("slo-seconds", flags.sloSeconds, null, atLeast(0)),
    meanCpuSeconds: read.number("mean-cpu-seconds", flags.meanCpuSeconds, null, atLeast(0)),
    workCv: read.number("work-cv", flags.workCv, null, atLeast(0)),
    recordsPath: flags.records,
    schedulePath: flags.schedule,
  };
  read.done();
  return Object.fromEntries(Object.entries(options).filter(([, value]) => (value ?? null) !== null)) as never;
}
