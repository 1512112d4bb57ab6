/** Measures everything of a plan on a place, one thing after the other; what time does not allow is left out and said. */
import type { Measurements, NoOpRung, ScaleStep } from "../../sim/calibration/measurements.ts";
import type { Saturation, WorkCell } from "../../sim/calibration/service.ts";
import { closedLoops, createCaller, type Caller } from "./caller.ts";
import { noOpRung, saturation, warmUp, workCell } from "./ladders.ts";
import { observationLag, type Lags } from "./observation-lag.ts";
import type { Place } from "./place.ts";
import type { CalibrationPlan } from "./plan.ts";
import { scaleStep } from "./steps.ts";

/** What is measured, and for how long. */
export interface MeasureOptions {
  readonly plan: CalibrationPlan;
  readonly timeLapse: number;
  /** The limit under which replicas are started. */
  readonly startLimitMilliCores: number | null;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** CFS's own default, where the period is not known. */
const USUAL_PERIOD_SECONDS = 0.1;
/** As many callers as make the gateway, not them, the limit. */
const CEILING_CALLERS = 16;

/** Throws `BadInputError` when the function cannot be deployed; nothing of ours is deployed when it ends, but for a place's own end. */
export async function measure(place: Place, options: MeasureOptions): Promise<Measurements> {
  const { plan, timeLapse, say, signal } = options;
  const endMs = performance.now() + plan.budgetSeconds * 1_000;
  const skipped: string[] = [];
  const hasTime = (what: string) => {
    if (!signal.aborted && performance.now() < endMs) return true;
    skipped.push(what);
    return false;
  };
  const noOp: NoOpRung[] = [];
  const work: WorkCell[] = [];
  const saturations: Saturation[] = [];
  const steps: ScaleStep[] = [];
  let ceilingRps: number | null = null;
  let lags: Lags = { arrivalsLag: null, cpuLag: null };

  say("no-op ladder …");
  await place.deploy(null);
  await withCaller(place, signal, async (caller) => {
    for (const rps of plan.noOp.rps) {
      if (hasTime(`no-op at ${rps} rps`)) noOp.push(await noOpRung(place, rps, plan.noOp.seconds, signal));
    }
    if (hasTime("the ceiling")) {
      const loops = { cpuMs: 0, callers: CEILING_CALLERS, seconds: plan.ceilingSeconds };
      ceilingRps = (await closedLoops(caller, loops, signal)).rps;
    }
    if (place.metrics !== null && hasTime("observation lag")) {
      say("observation lag …");
      lags = await observationLag(caller, place.metrics, plan.lagSeconds, signal);
    }
  });

  // Idle again, but no longer new: what a replica holds between two calls.
  const idleMemoryBytes = await place.memoryBytes();

  if (hasTime("steps of the count")) {
    say("start-up steps …");
    await place.deploy(options.startLimitMilliCores);
    await withCaller(place, signal, async (caller) => {
      for (const [from, to] of plan.steps) {
        if (!hasTime(`the step from ${from} to ${to}`)) continue;
        steps.push(await scaleStep(place, caller, { to, withinSeconds: plan.stepSeconds }, signal));
      }
    });
  }

  for (const limitMilliCores of plan.limitsMilliCores) {
    if (!hasTime(`the work ladder at ${limitMilliCores} m`)) continue;
    say(`work ladder at ${limitMilliCores} m …`);
    await place.deploy(limitMilliCores);
    await withCaller(place, signal, async (caller) => {
      const periodSeconds = place.cfsPeriodSeconds ?? USUAL_PERIOD_SECONDS;
      for (const workMs of plan.workMs) {
        if (!hasTime(`${workMs} ms at ${limitMilliCores} m`)) continue;
        work.push(await workCell(caller, { limitMilliCores, workMs, timeLapse }, plan, periodSeconds, signal));
      }
      for (const workMs of plan.saturation.workMs) {
        if (!hasTime(`${workMs} ms at ${limitMilliCores} m, saturated`)) continue;
        saturations.push(
          await saturation(caller, { limitMilliCores, workMs, timeLapse }, plan.saturation.seconds, signal),
        );
      }
    });
  }
  if (skipped.length > 0 && !signal.aborted) say(`no time was left for: ${skipped.join(", ")}`);
  await place.remove();
  const { cfsPeriodSeconds } = place;
  return { cfsPeriodSeconds, noOp, ceilingRps, work, saturation: saturations, steps, ...lags, idleMemoryBytes };
}

/** Each deployment has connections of its own: those of the one before lead nowhere. */
async function withCaller(place: Place, signal: AbortSignal, use: (caller: Caller) => Promise<void>): Promise<void> {
  const caller = createCaller(place.functionUrl);
  try {
    await warmUp(caller, signal);
    await use(caller);
  } finally {
    caller.close();
  }
}
