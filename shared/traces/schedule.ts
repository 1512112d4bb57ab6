/** What a replay will send, all of it, before it sends anything. Same trace, same options, same bytes. */
import { arrivalsInBin, scaleInstants } from "./arrivals.ts";
import { BadInputError } from "../core/errors.ts";
import { type Random, seededRandom } from "../core/random.ts";
import {
  type BinnedTrace,
  type GapRule,
  type InstantTrace,
  type Trace,
  traceInvocations,
  traceSeconds,
} from "./trace.ts";
import { WINDOW_SECONDS } from "../core/window.ts";

/** Structure of arrays: entry i is request number i, ascending in time. */
export interface Schedule {
  /** Length of what is replayed, seconds of trace time. */
  readonly durationSeconds: number;
  /** Intended instants from the start, seconds of trace time. */
  readonly offsetSeconds: Float64Array;
  /** Relative work (1 = the function's mean). */
  readonly work: Float32Array;
  /** Width of the windows it is judged by, seconds. */
  readonly windowSeconds: number;
}

/** How arrivals are made of a trace. */
export interface ScheduleOptions {
  readonly seed: number | string;
  /** For binned traces; recorded instants stay where they are. */
  readonly gapRule: GapRule;
  /** Multiplies the expected rate; fractions are fine. */
  readonly rateScale: number;
  /** Where in the trace to start, seconds. */
  readonly fromSeconds: number;
  /** How much of the trace to take, seconds; null or more than is left = to the end. */
  readonly durationSeconds: number | null;
  readonly windowSeconds: number;
  /** Spread (std ÷ mean) of the log-normal work per request, where the trace does not record the work; 0 = all alike. */
  readonly workCv: number;
}

/** What `ScheduleOptions` come to where they are left out. */
export const SCHEDULE_DEFAULTS = {
  gapRule: "uniform",
  rateScale: 1,
  fromSeconds: 0,
  durationSeconds: null,
  windowSeconds: WINDOW_SECONDS,
  workCv: 0,
} as const satisfies Partial<ScheduleOptions>;

/** More requests than this in one schedule are refused: 240 MB of plan. */
export const MAX_SCHEDULED = 20_000_000;

/**
 * Plans every request of a replay. Each bin draws from a stream of its own, so a slice of a trace is exactly the slice of
 * the whole trace's schedule. Throws `BadInputError` for options out of range and for more than `MAX_SCHEDULED` requests.
 */
export function planSchedule(trace: Trace, asked: Pick<ScheduleOptions, "seed"> & Partial<ScheduleOptions>): Schedule {
  const options = { ...SCHEDULE_DEFAULTS, ...asked };
  const fromSeconds = options.fromSeconds;
  checkOptions(trace, options);
  const durationSeconds = Math.min(options.durationSeconds ?? Infinity, traceSeconds(trace) - fromSeconds);
  const random = seededRandom(options.seed);
  const slice = { fromSeconds, toSeconds: fromSeconds + durationSeconds };
  const planned =
    trace.kind === "binned" ? planBins(trace, options, slice, random) : planInstants(trace, options, slice, random);
  return { durationSeconds, windowSeconds: options.windowSeconds, ...planned };
}

/** Windows that a schedule is judged by; the last one may be short. */
export function windowsOf(schedule: Pick<Schedule, "durationSeconds" | "windowSeconds">): number {
  return Math.max(1, Math.ceil(schedule.durationSeconds / schedule.windowSeconds));
}

interface Slice {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

type Planned = Pick<Schedule, "offsetSeconds" | "work">;

function planBins(trace: BinnedTrace, options: ScheduleOptions, slice: Slice, random: Random): Planned {
  const { binSeconds, counts } = trace;
  const firstBin = Math.floor(slice.fromSeconds / binSeconds);
  const endBin = Math.min(counts.length, Math.ceil(slice.toSeconds / binSeconds));
  const kept: Planned[] = [];
  let length = 0;
  for (let bin = firstBin; bin < endBin; bin++) {
    const count = counts[bin]!;
    if (count === 0) continue;
    const arrivals = arrivalsInBin(count * options.rateScale, options.gapRule, random.fork(`bin/${bin}`));
    const atSeconds = arrivals.map((fraction) => (bin + fraction) * binSeconds);
    const work = drawWork(atSeconds.length, options.workCv, random.fork(`work/${bin}`));
    const inside = withinSlice({ offsetSeconds: atSeconds, work }, slice);
    length += inside.work.length;
    kept.push(inside);
  }
  return join(kept, length);
}

function planInstants(trace: InstantTrace, options: ScheduleOptions, slice: Slice, random: Random): Planned {
  const scaled = scaleInstants(trace, options.rateScale, random.fork("instants"));
  const drawn = trace.work ? null : drawWork(scaled.row.length, options.workCv, random.fork("work"));
  const work = drawn ?? Float32Array.from(scaled.row, (row) => trace.work![row]!);
  return withinSlice({ offsetSeconds: scaled.arrivalSeconds, work }, slice);
}

function drawWork(count: number, workCv: number, random: Random): Float32Array {
  return new Float32Array(count).map(() => random.logNormal(1, workCv));
}

/** What lies in the slice, counted from its start. */
function withinSlice({ offsetSeconds, work }: Planned, { fromSeconds, toSeconds }: Slice): Planned {
  let first = 0;
  while (first < offsetSeconds.length && offsetSeconds[first]! < fromSeconds) first++;
  let end = offsetSeconds.length;
  while (end > first && offsetSeconds[end - 1]! >= toSeconds) end--;
  return {
    offsetSeconds: offsetSeconds.slice(first, end).map((at) => at - fromSeconds),
    work: work.slice(first, end),
  };
}

function join(parts: readonly Planned[], length: number): Planned {
  const whole = { offsetSeconds: new Float64Array(length), work: new Float32Array(length) };
  let at = 0;
  for (const part of parts) {
    whole.offsetSeconds.set(part.offsetSeconds, at);
    whole.work.set(part.work, at);
    at += part.work.length;
  }
  return whole;
}

function checkOptions(trace: Trace, options: ScheduleOptions): void {
  const need = (holds: boolean, sentence: string) => {
    if (!holds) throw new BadInputError(sentence);
  };
  const { rateScale, windowSeconds, workCv, fromSeconds, durationSeconds } = options;
  need(rateScale > 0 && rateScale < Infinity, `the rate scale must be a number above 0, was ${rateScale}`);
  need(windowSeconds > 0 && windowSeconds < Infinity, `a window must last more than 0 s, was ${windowSeconds}`);
  need(workCv >= 0 && workCv < Infinity, `the spread of the work must be a number of at least 0, was ${workCv}`);
  need(durationSeconds === null || durationSeconds > 0, `the duration must be more than 0 s, was ${durationSeconds}`);
  const lengthSeconds = traceSeconds(trace);
  need(
    fromSeconds >= 0 && fromSeconds < lengthSeconds,
    `the start must lie in the ${lengthSeconds} s of trace '${trace.name}', was ${fromSeconds} s`,
  );
  const expected = invocationsAtMost(trace, fromSeconds, durationSeconds ?? Infinity) * rateScale;
  need(
    expected <= MAX_SCHEDULED,
    `trace '${trace.name}' at rate scale ${rateScale} is more than ${MAX_SCHEDULED} requests: take a smaller scale or a slice`,
  );
}

/** Upper bound of the recorded invocations that the slice can hold. */
function invocationsAtMost(trace: Trace, fromSeconds: number, durationSeconds: number): number {
  if (trace.kind === "instants") return traceInvocations(trace);
  const first = Math.floor(fromSeconds / trace.binSeconds);
  const end = Math.ceil((fromSeconds + durationSeconds) / trace.binSeconds);
  return traceInvocations({ ...trace, counts: trace.counts.slice(first, end) });
}
