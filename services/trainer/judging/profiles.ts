/** What the simulator assumes of the platform: what `replicant calibrate` measured of a function, else the built-in profile. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { parseProfileDocument } from "#shared/sim/calibration/profile-document.ts";
import { simProfile, type SimProfile } from "#shared/sim/profiles.ts";

/** A profile that was measured, and where it was read. */
export interface Calibrated {
  readonly file: string;
  /** It describes the platform at this time-lapse and no other. */
  readonly timeLapse: number;
  readonly profile: SimProfile;
}

/** By function. */
export type CalibratedProfiles = ReadonlyMap<string, Calibrated>;

const FILE = /^(.+)\.json$/;
const BUILT_IN = "stress";

/** `<folder>/<function>.json`, all of them; none without a folder. Throws `BadInputError` for what `calibrate` did not write. */
export async function readProfiles(folder: string | null): Promise<CalibratedProfiles> {
  if (folder === null) return new Map();
  const names = await readdir(folder).catch((thrown: unknown) => {
    throw new BadInputError(`TRAINER_PROFILES: '${folder}' cannot be read (${messageOf(thrown)})`);
  });
  const profiles = new Map<string, Calibrated>();
  for (const name of names) {
    const functionName = FILE.exec(name)?.[1];
    if (functionName === undefined) continue;
    const file = join(folder, name);
    profiles.set(functionName, { file, ...parseProfileDocument(await readFile(file, "utf8"), file) });
  }
  return profiles;
}

/** The profile that holds for a window. */
export interface BaseProfile {
  readonly profile: SimProfile;
  /** For people. */
  readonly origin: string;
}

/** The profile of a window's function at the window's time-lapse. */
export function baseProfile(
  profiles: CalibratedProfiles,
  { functionName, timeLapse }: Pick<MetricsWindow, "functionName" | "timeLapse">,
): BaseProfile {
  const builtIn = `built-in '${BUILT_IN}'`;
  const found = profiles.get(functionName);
  if (!found) return { profile: simProfile(BUILT_IN), origin: builtIn };
  if (found.timeLapse === timeLapse) return { profile: found.profile, origin: found.file };
  const unfit = `${found.file} was measured at time-lapse ${found.timeLapse}, not ${timeLapse}`;
  return { profile: simProfile(BUILT_IN), origin: `${builtIn}: ${unfit}` };
}
