/** From a trace file to a replay in one step: what `replicant replay` does. */
import { BadInputError } from "#shared/core/errors.ts";
import { type Schedule, type ScheduleOptions, planSchedule } from "../traces/schedule.ts";
import type { TraceFormat } from "../traces/trace.ts";
import { loadTrace } from "../traces/load-trace.ts";
import { openRecordWriter } from "./record-writer.ts";
import { startReplay } from "./replay.ts";
import { checkReplayOptions, type ReplayOptions } from "./replay-options.ts";
import type { ReplayResult } from "./replay-result.ts";
import { scheduleDigest, writeSchedule } from "./schedule-file.ts";
import { httpUrl } from "./sender.ts";
import { stressBody } from "./stress-body.ts";

type FromReplay = Omit<
  ReplayOptions,
  "functionName" | "schedule" | "url" | "bodyOf" | "epochMs" | "startAtMs" | "onRecord"
>;

/** What `replayFromFile` replays, and where. */
export interface ReplayFromFileOptions extends Partial<ScheduleOptions>, FromReplay {
  /** `<file>` or `<file>#<selection>`. */
  readonly trace: string;
  readonly format?: TraceFormat;
  /** Where the load goes; by default it stays on this machine. */
  readonly url?: string;
  /** CPU time of a mean request, seconds of trace time. */
  readonly meanCpuSeconds?: number;
  /** Where the plan is written before anything is sent. */
  readonly schedulePath?: string;
  /** Where a line per request goes. */
  readonly recordsPath?: string;
  /** Told once, before anything is sent. */
  readonly onPlanned?: (plan: { readonly schedule: Schedule; readonly scheduleDigest: string }) => void;
}

/** The function `stress` at a gateway on this machine. */
const DEFAULT_TARGET_URL = "http://127.0.0.1:8080/function/stress";
/** CPU time of a request of work 1 where it is not given, seconds. */
const DEFAULT_MEAN_CPU_SECONDS = 0.1;

/**
 * Resolves with the result, also when the run is invalid or was stopped. Throws `BadInputError` before anything is sent
 * or written when trace, options or target are no good.
 */
export async function replayFromFile(options: ReplayFromFileOptions): Promise<ReplayResult> {
  const url = httpUrl(options.url ?? DEFAULT_TARGET_URL);
  const { timeLapse } = checkReplayOptions(options);
  const meanCpuSeconds = options.meanCpuSeconds ?? DEFAULT_MEAN_CPU_SECONDS;
  if (!(meanCpuSeconds >= 0 && meanCpuSeconds < Infinity)) {
    throw new BadInputError(`the mean CPU time must be at least 0 s, was ${meanCpuSeconds}`);
  }
  const trace = await loadTrace(options.trace, { format: options.format });
  const schedule = planSchedule(trace, { ...options, seed: options.seed ?? 1 });
  if (options.schedulePath !== undefined) await writeSchedule(options.schedulePath, schedule);
  const records = options.recordsPath === undefined ? null : await openRecordWriter(options.recordsPath);
  options.onPlanned?.({ schedule, scheduleDigest: scheduleDigest(schedule) });
  try {
    return await startReplay({
      ...options,
      schedule,
      url: url.href,
      functionName: functionNameOf(url),
      bodyOf: stressBody({ meanCpuSeconds, timeLapse }),
      ...(records ? { onRecord: (record) => records.write(record) } : {}),
    }).finished;
  } finally {
    await records?.close();
  }
}

/** The function a gateway URL calls, without its namespace; the host for any other URL. */
export function functionNameOf(url: URL): string {
  const match = /^\/(?:async-)?function\/([^/.]+)/.exec(url.pathname);
  return match ? match[1]! : url.host;
}
