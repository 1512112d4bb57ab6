/** Measures a platform and fits a simulator profile of it, each parameter with its error. */
import { systemClock } from "../../adapters/system-clock.ts";
import { BadInputError, InterruptedError } from "../../core/errors.ts";
import { readStack } from "../../deploy/stack.ts";
import { machine, versions } from "../../evaluation/files/machine.ts";
import type { WrittenProfile } from "../../evaluation/files/profile-file.ts";
import { calibrate as fit, type Calibration } from "../../sim/calibration/fit.ts";
import type { FunctionFacts, Measurements } from "../../sim/calibration/measurements.ts";
import { PROFILE_KIND } from "../../sim/calibration/profile-document.ts";
import type { RunWorld } from "../run/run.ts";
import type { StartEmptyPlatform } from "../stack.ts";
import { factsOf } from "./facts.ts";
import { machineLoad } from "./machine-load.ts";
import { measure } from "./measure.ts";
import type { CalibrateOptions } from "./options.ts";
import { localPlace, remotePlace, type Place } from "./place.ts";
import { FULL, QUICK } from "./plan.ts";

/** What a calibration uses of the machine, and who is informed of its progress. */
export interface CalibrateWorld extends RunWorld {
  readonly startEmptyPlatform: StartEmptyPlatform;
  /** As typed, for the record. */
  readonly command: string;
}

/** The result of a calibration. */
export interface Calibrated {
  readonly measured: Measurements;
  readonly calibration: Calibration;
  /** As it is kept in a file. */
  readonly written: WrittenProfile;
}

/** Throws `BadInputError` before anything starts, `InterruptedError` when the person ends it. */
export async function calibrate(options: CalibrateOptions, world: CalibrateWorld): Promise<Calibrated> {
  const { timeLapse, quick, gateway } = options;
  const { say, signal } = world;
  // Of a stack the facts are read before anything starts.
  const stated = gateway === null ? stackFacts(options, world) : null;
  const log = options.verbose ? say : () => {};
  const place =
    gateway === null
      ? await localPlace({ ...world, log }, timeLapse)
      : await remotePlace({ ...options, gateway }, world);
  try {
    say(`measuring ${place.description}`);
    const facts = stated ?? (await gatewayFacts(place, options.functionName));
    const startLimitMilliCores = facts.cpuLimitCores === null ? null : Math.round(facts.cpuLimitCores * 1_000);
    const plan = quick ? QUICK : FULL;
    const measured = await measure(place, { plan, timeLapse, startLimitMilliCores, say, signal });
    if (signal.aborted) throw new InterruptedError();
    const calibration = fit(measured, { facts, timeLapse, cores: place.cores });
    const written: WrittenProfile = {
      kind: PROFILE_KIND,
      version: 1,
      timeLapse,
      profile: calibration.profile,
      fits: calibration.fits,
      measuredAt: new Date(systemClock.nowMs()).toISOString(),
      command: world.command,
      place: place.description,
      machine: machine(),
      loadAverage: machineLoad(),
      versions: versions(),
    };
    return { measured, calibration, written };
  } finally {
    await place.close();
  }
}

function stackFacts({ stack, functionName }: CalibrateOptions, { env }: CalibrateWorld): FunctionFacts {
  const found = readStack(stack, env).find(({ name }) => name === functionName);
  if (!found) throw new BadInputError(`${stack} has no function '${functionName}'`);
  return factsOf(found);
}

async function gatewayFacts({ gateway }: Place, functionName: string): Promise<FunctionFacts> {
  return factsOf((await gateway.list()).find(({ name }) => name === functionName)!);
}
