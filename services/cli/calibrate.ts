/** `replicant calibrate`: measures a platform and writes a simulator profile of it, each parameter with its error. */
import { systemClock } from "#shared/adapters/system-clock.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { calibrate as fit, type Calibration } from "#shared/sim/calibration/fit.ts";
import type { FunctionFacts } from "#shared/sim/calibration/measurements.ts";
import { PROFILE_KIND } from "#shared/sim/calibration/profile-document.ts";
import { InterruptedError } from "#shared/evaluation/pool/pool.ts";
import { machine, versions } from "#shared/evaluation/files/machine.ts";
import { compare } from "#shared/live/calibration/compare/compare.ts";
import { factsOf } from "#shared/live/calibration/facts.ts";
import { busyWarning, machineLoad } from "#shared/live/calibration/machine-load.ts";
import { measure } from "#shared/live/calibration/measure.ts";
import { readCalibrateFlags, type CalibrateFlags, type CalibrateOptions } from "./calibrate/options.ts";
import { localPlace, remotePlace, type Place } from "#shared/live/calibration/place.ts";
import { FULL, QUICK } from "#shared/live/calibration/plan.ts";
import { calibrationLines } from "./calibrate/print.ts";
import { checkProfileFile, writeProfileFile, type WrittenProfile } from "#shared/evaluation/files/profile-file.ts";
import type { Calibrated, CalibrateWorld } from "#shared/live/calibration/world.ts";
import { readStack } from "#shared/deploy/stack.ts";

/** Throws `BadInputError` before anything starts, `InterruptedError` when the person ends it; nothing is written then. */
export async function calibrate(flags: CalibrateFlags, world: CalibrateWorld): Promise<void> {
  const options = readCalibrateFlags(flags);
  if (options.out !== null) await checkProfileFile(options.out);
  const busy = options.gateway === null ? busyWarning(machineLoad(), machine().cores) : null;
  if (busy !== null) world.say(busy);
  if (flags.compare) return compare(flags, options, world, () => calibrated(flags, options, world));

  const { measured, calibration, written } = await calibrated(flags, options, world);
  if (options.out !== null) await writeProfileFile(options.out, written);
  if (options.json) return world.answer(JSON.stringify({ ...written, measurements: measured }));
  for (const line of calibrationLines(measured, calibration)) world.say(line);
  world.say(
    options.out === null
      ? "--out FILE writes this for 'simulate --profile @FILE' and 'evaluate --profiles @FILE'"
      : `${options.out}: use it as 'evaluate --profiles @${options.out}'`,
  );
}

async function calibrated(
  flags: CalibrateFlags,
  options: CalibrateOptions,
  world: CalibrateWorld,
): Promise<Calibrated> {
  const { timeLapse, quick } = options;
  const placeWorld = { ...world, log: options.verbose ? world.say : () => {} };
  // Of a stack the facts are read before anything starts.
  const stated = options.gateway === null ? stackFacts(options, world) : null;
  const place =
    options.gateway === null
      ? await localPlace(placeWorld, timeLapse)
      : await remotePlace(flags, { ...options, gateway: options.gateway }, placeWorld);
  try {
    world.say(`measuring ${place.description}`);
    const facts = stated ?? (await gatewayFacts(place, options.functionName));
    const startLimitMilliCores = facts.cpuLimitCores === null ? null : Math.round(facts.cpuLimitCores * 1_000);
    const plan = quick ? QUICK : FULL;
    const { say, signal } = world;
    const measured = await measure(place, { plan, timeLapse, startLimitMilliCores, say, signal });
    if (signal.aborted) throw new InterruptedError();
    const calibration = fit(measured, { facts, timeLapse, cores: place.cores });
    return { measured, calibration, written: writtenOf(calibration, timeLapse, place, world) };
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

function writtenOf(
  { profile, fits }: Calibration,
  timeLapse: number,
  { description }: Place,
  { command }: CalibrateWorld,
): WrittenProfile {
  return {
    kind: PROFILE_KIND,
    version: 1,
    timeLapse,
    profile,
    fits,
    measuredAt: new Date(systemClock.nowMs()).toISOString(),
    command,
    place: description,
    machine: machine(),
    loadAverage: machineLoad(),
    versions: versions(),
  };
}
