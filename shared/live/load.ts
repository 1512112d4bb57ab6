/** The load of a run: which trace, how much of it, and the signed calls that start and stop its replay. */
import { readFile } from "node:fs/promises";

import { BadInputError } from "../core/errors.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { nextWindowEndMs, toTraceMs, type TraceTime } from "../core/trace-time.ts";
import { TRACE_FORMATS, traceSeconds, type TraceFormat } from "../traces/trace.ts";
import { loadTrace, splitReference } from "../traces/load-trace.ts";
import { signedCall, type SignedCaller } from "./signed-call.ts";
import type { LiveRunOptions } from "./run/options.ts";
import { WINDOW_SECONDS } from "../core/window.ts";

/** The load of a run: a trace, or a part of it, for one function. */
export interface LoadPlan {
  readonly name: string;
  readonly selection: string | null;
  readonly text: string;
  readonly format: TraceFormat;
  readonly managed: ManagedFunction;
  readonly windows: number;
}

/** A replay, as the load generator started it. */
export interface StartedLoad {
  readonly runId: string;
  readonly scheduleDigest: string;
  readonly scheduled: number;
}

const LOAD_GENERATOR = "load-generator";
/** Time for the load generator to plan before the edge at which it starts, real milliseconds. */
const PLAN_MS = 1_500;
/** What the load generator takes in one call (`stack.yml`), with room for the rest of the request; quoted as JSON. */
export const MAX_TEXT_BYTES = 4 * 2 ** 20 - 64 * 2 ** 10;
/** Mean work of a request, CPU-seconds of trace time, and its spread: the `stress` profile. */
export const WORK = { meanCpuSeconds: 0.1, cv: 0.3 };

/** Reads the trace and checks it before anything starts; the load goes to the first managed function. Throws `BadInputError`. */
export async function planLoad(
  options: Pick<LiveRunOptions, "stack" | "format" | "fromWindow" | "windows"> & { readonly trace: string },
  managed: readonly ManagedFunction[],
): Promise<LoadPlan> {
  const target = managed[0];
  if (!target) {
    throw new BadInputError(
      `${options.stack}: no function has a replicant annotation, so there is none to put a load on`,
    );
  }
  const format = options.format === null ? undefined : TRACE_FORMATS.find((known) => known === options.format);
  if (options.format !== null && !format) {
    throw new BadInputError(`--format must be one of ${TRACE_FORMATS.join(", ")}, was: '${options.format}'`);
  }
  const trace = await loadTrace(options.trace, { format });
  const { path, selection } = splitReference(options.trace);
  const left = Math.ceil(traceSeconds(trace) / WINDOW_SECONDS) - options.fromWindow;
  if (left < 1) {
    throw new BadInputError(
      `--from-window ${options.fromWindow} is beyond the end of ${options.trace}: it has ${left + options.fromWindow} windows`,
    );
  }
  const text = await readFile(path, "utf8");
  const bytes = Buffer.byteLength(JSON.stringify(text));
  if (bytes > MAX_TEXT_BYTES) {
    throw new BadInputError(
      `${path}: a trace for 'up' must be at most ${MAX_TEXT_BYTES} bytes as JSON text, was: ${bytes}; 'replay' takes a longer one`,
    );
  }
  const windows = Math.min(options.windows ?? left, left);
  return {
    name: options.trace,
    selection,
    text,
    format: trace.format,
    managed: target,
    windows,
  };
}

/** When the replay begins, and how it is scaled. */
export interface LoadTiming extends Pick<LiveRunOptions, "rateScale" | "timeLapse" | "seed" | "fromWindow"> {
  /** Wall clock. */
  readonly startAtMs: number;
}

/** The first edge of a window, trace time, that leaves the load generator time to plan. `nowMs`: wall clock. */
export function loadStartMs(nowMs: number, traceTime: TraceTime): number {
  return nextWindowEndMs(toTraceMs(nowMs + PLAN_MS, traceTime), WINDOW_SECONDS, traceTime);
}

/** Asks the load generator, signed, to replay `windows` windows from `startAtMs` on. */
export async function startLoad(stack: SignedCaller, plan: LoadPlan, timing: LoadTiming): Promise<StartedLoad> {
  const request = {
    traceText: plan.text,
    traceName: plan.name,
    ...(plan.selection === null ? {} : { selection: plan.selection }),
    format: plan.format,
    functionName: plan.managed.functionName,
    seed: timing.seed,
    rateScale: timing.rateScale,
    timeLapse: timing.timeLapse,
    fromSeconds: timing.fromWindow * WINDOW_SECONDS,
    durationSeconds: plan.windows * WINDOW_SECONDS,
    windowSeconds: WINDOW_SECONDS,
    work: WORK,
    sloSeconds: plan.managed.slo.seconds,
    startAtMs: timing.startAtMs,
  };
  return (await call(stack, request)) as StartedLoad;
}

/** Rejects with `BadInputError` when the load generator refuses. */
export async function stopLoad(stack: SignedCaller, runId: string): Promise<void> {
  await call(stack, { stop: runId });
}

async function call(caller: SignedCaller, request: object): Promise<unknown> {
  const { status, body: answer } = await signedCall(caller, LOAD_GENERATOR, request, 30_000);
  if (status < 200 || status > 299)
    throw new BadInputError(`the load generator refused: HTTP ${status} ${answer.slice(0, 300)}`);
  return JSON.parse(answer);
}
