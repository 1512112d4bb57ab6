/** The ladders: calls that do nothing at growing rates, and calls of growing work under growing limits. */
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { arrivalsInBin } from "../../traces/arrivals.ts";
import { seededRandom } from "../../core/random.ts";
import type { Schedule } from "../../traces/schedule.ts";
import { startReplay } from "../../load/replay.ts";
import type { NoOpRung } from "../../sim/calibration/measurements.ts";
import type { Saturation, WorkCell } from "../../sim/calibration/service.ts";
import { CALIBRATED_NAME, type Place } from "./place.ts";
import { closedLoops, type Caller } from "./caller.ts";
import type { CalibrationPlan } from "./plan.ts";

/** So that neither connections nor the function's code are new when it counts. */
export async function warmUp(caller: Caller, signal: AbortSignal): Promise<void> {
  await closedLoops(caller, { cpuMs: 0, callers: 2, seconds: 0.7 }, signal);
}

const NO_OP_TIMEOUT_MS = 5_000;

/** Open loop, Poisson arrivals: what one caller waits for does not hold the others back. */
export async function noOpRung(place: Place, rps: number, seconds: number, signal: AbortSignal): Promise<NoOpRung> {
  const offsets = arrivalsInBin(rps * seconds, "uniform", seededRandom(`no-op/${rps}`)).map((share) => share * seconds);
  const schedule: Schedule = {
    durationSeconds: seconds,
    windowSeconds: seconds,
    offsetSeconds: offsets,
    work: new Float32Array(offsets.length),
  };
  const run = startReplay({
    runId: `no-op/${rps}`,
    functionName: CALIBRATED_NAME,
    schedule,
    url: place.functionUrl,
    bodyOf: () => `{"cpuMs":0}`,
    timeoutMs: NO_OP_TIMEOUT_MS,
    signal,
  });
  const { totals } = await run.finished;
  const latencySeconds: number[] = [];
  for (let seq = 0; seq < run.columns.length; seq++) {
    if (run.columns.outcome(seq) !== "ok") continue;
    latencySeconds.push((run.columns.endMs[seq]! - run.columns.sentMs[seq]!) / 1_000);
  }
  return { offeredRps: rps, answeredRps: totals.ok / seconds, failed: totals.failed, latencySeconds };
}

/** Not before this many calls, however long they take. */
const MIN_CALLS = 3;

/**
 * One call after the other on one replica, with a pause between them that is longer than a period and random, so that each finds its
 * quota whole and the period at any phase.
 */
export async function workCell(
  caller: Caller,
  { limitMilliCores, workMs, timeLapse }: { limitMilliCores: number; workMs: number; timeLapse: number },
  { cell }: CalibrationPlan,
  periodSeconds: number,
  signal: AbortSignal,
): Promise<WorkCell> {
  const random = seededRandom(`work/${limitMilliCores}/${workMs}`);
  const cpuMs = workMs / timeLapse;
  const endMs = performance.now() + cell.seconds * 1_000;
  const latencySeconds: number[] = [];
  let asked = 0;
  while (!signal.aborted && asked < cell.calls && (asked < MIN_CALLS || performance.now() < endMs)) {
    await clock.sleep(periodSeconds * 1_000 * (1.1 + random.next()), signal);
    const { ok, seconds } = await caller.call(cpuMs);
    asked++;
    if (ok) latencySeconds.push(seconds);
  }
  return { limitCores: limitMilliCores / 1_000, workSeconds: cpuMs / 1_000, latencySeconds };
}

/** One call computes while the other is on its way, so that the replica never waits for a caller. */
const SATURATING_CALLERS = 2;
/** Two calls end together where they share a period's quota: with this many, one more or less is little. */
const MIN_ANSWERS = 20;
/** Heavy calls take this much longer at most. */
const MAX_TIMES_LONGER = 4;

/** The rate between the first answer and the last. */
export async function saturation(
  caller: Caller,
  { limitMilliCores, workMs, timeLapse }: { limitMilliCores: number; workMs: number; timeLapse: number },
  seconds: number,
  signal: AbortSignal,
): Promise<Saturation> {
  const cpuMs = workMs / timeLapse;
  const startMs = performance.now();
  const answeredMs: number[] = [];
  const goesOn = () => {
    const passed = (performance.now() - startMs) / 1_000;
    return passed < seconds || (answeredMs.length < MIN_ANSWERS && passed < seconds * MAX_TIMES_LONGER);
  };
  const loop = async () => {
    while (!signal.aborted && goesOn()) if ((await caller.call(cpuMs)).ok) answeredMs.push(performance.now());
  };
  await Promise.all(Array.from({ length: SATURATING_CALLERS }, loop));
  const tookMs = (answeredMs.at(-1) ?? 0) - (answeredMs[0] ?? 0);
  const rps = tookMs > 0 ? ((answeredMs.length - 1) * 1_000) / tookMs : 0;
  return { limitCores: limitMilliCores / 1_000, workSeconds: cpuMs / 1_000, rps };
}
