/** Steps of the desired count: when is each replica there, and what happens to calls meanwhile? */
import { systemClock as clock } from "../../adapters/system-clock.ts";
import type { ScaleStep } from "../../sim/calibration/measurements.ts";
import type { StartSample } from "../../sim/calibration/start-up.ts";
import type { Caller } from "./caller.ts";
import { CALIBRATED_NAME, NAMESPACE, type Place } from "./place.ts";

/** Calls that go on during a step, this far apart. */
const CALL_EVERY_MS = 100;
/** After its count was reached a step down goes on for as long as a replica that leaves may still be called. */
const AFTER_MS = 500;

/** The count to reach, and how long that may take. */
export interface StepOptions {
  readonly to: number;
  readonly withinSeconds: number;
}

/** Scales to a count while a caller calls all the time. Rejects as the scale target does. */
export async function scaleStep(
  place: Place,
  caller: Caller,
  { to, withinSeconds }: StepOptions,
  signal: AbortSignal,
): Promise<ScaleStep> {
  const { availableReplicas: from } = await place.target.read(CALIBRATED_NAME, NAMESPACE);
  const probing = startProbing(caller);
  const startMs = performance.now();
  const { appliedReplicas: applied } = await place.target.scale(CALIBRATED_NAME, NAMESPACE, to);
  const callSeconds = (performance.now() - startMs) / 1_000;

  const starts: StartSample[] = [];
  let reachedSeconds: number | null = null;
  let available = from;
  while (!signal.aborted) {
    const { availableReplicas: now } = await place.target.read(CALIBRATED_NAME, NAMESPACE);
    const seconds = (performance.now() - startMs) / 1_000;
    for (; available < Math.min(now, applied); available++) starts.push({ others: available - from, seconds });
    if (now === applied) {
      reachedSeconds = seconds;
      break;
    }
    if (seconds > withinSeconds) break;
    await clock.sleep(place.pollMs, signal);
  }
  await clock.sleep(AFTER_MS, signal);
  const { calls, failed } = await probing();
  return { from, to, callSeconds, applied, starts, reachedSeconds, calls, failed };
}

/** Calls every so often until the returned function is called, which waits for the last answer. */
function startProbing(caller: Caller): () => Promise<{ calls: number; failed: number }> {
  const pending: Promise<boolean>[] = [];
  const timer = setInterval(() => pending.push(caller.call(0).then(({ ok }) => ok)), CALL_EVERY_MS);
  return async () => {
    clearInterval(timer);
    const answered = await Promise.all(pending);
    return { calls: answered.length, failed: answered.filter((ok) => !ok).length };
  };
}
