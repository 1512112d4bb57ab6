/** A measured profile as a file: `--profiles @FILE` takes it in place of a profile's name. */
import { BadInputError, messageOf } from "../../core/errors.ts";
import { SLO_PERCENTILES, type Slo } from "../../core/slo.ts";
import { PROFILES, simProfile, type ProfileChanges, type SimProfile } from "../profiles.ts";
import type { FitRow } from "./fit.ts";

/** The `kind` of such a file. */
export const PROFILE_KIND = "replicant-sim-profile";

/** The content of a profile's file. */
export interface ProfileDocument {
  readonly kind: typeof PROFILE_KIND;
  readonly version: 1;
  /** Real seconds × this are the profile's seconds: it describes the platform at this time-lapse and no other. */
  readonly timeLapse: number;
  readonly profile: SimProfile;
  readonly fits: readonly FitRow[];
}

const NUMBERS = [
  ...(["cpuSeconds", "sleepSeconds", "workCv", "rateScale", "targetInFlight"] as const),
  ...(["minReplicas", "maxReplicas"] as const),
];

/**
 * Reads what is needed to simulate; the rest of the file is for people. Throws `BadInputError` with one sentence that names `file`:
 * for what is no such file, for a number that is missing or cannot be, and for an unknown parameter.
 */
export function parseProfileDocument(text: string, file: string): Pick<ProfileDocument, "profile" | "timeLapse"> {
  const found = asObject(parse(text));
  if (found?.["kind"] !== PROFILE_KIND) throw new BadInputError(`${file}: is none that 'replicant calibrate' wrote`);
  if (found["version"] !== 1) throw new BadInputError(`${file}: version must be 1, was: '${shown(found["version"])}'`);
  const profile = asObject(found["profile"]);
  const parameters = asObject(profile?.["parameters"]);
  if (!profile || !parameters) throw new BadInputError(`${file}: profile must be a map with a map 'parameters'`);
  const { name } = profile;
  if (typeof name !== "string" || name === "")
    throw new BadInputError(`${file}: profile.name must be a text, was: '${shown(name)}'`);
  const numbers = Object.fromEntries(
    NUMBERS.map((field) => [field, number(profile[field], `${file}: profile.${field}`)]),
  );
  const slo = readSlo(profile, file);
  for (const [field, value] of Object.entries(parameters)) number(value, `${file}: profile.parameters.${field}`);
  const timeLapse = number(found["timeLapse"], `${file}: timeLapse`);
  try {
    return { profile: simProfile(PROFILES.stress, { name, slo, ...numbers, parameters } as ProfileChanges), timeLapse };
  } catch (thrown) {
    throw new BadInputError(`${file}: ${messageOf(thrown)}`);
  }
}

/** Files from before an SLO had a percentile give the seconds of its 95th. */
function readSlo(profile: Record<string, unknown>, file: string): Slo {
  const slo = asObject(profile["slo"]);
  if (slo === null)
    return { seconds: number(profile["sloP95Seconds"], `${file}: profile.slo.seconds`), percentile: 95 };
  const percentile = SLO_PERCENTILES.find((one) => one === slo["percentile"]);
  if (percentile === undefined) {
    const want = `one of ${SLO_PERCENTILES.join(", ")}`;
    throw new BadInputError(`${file}: profile.slo.percentile must be ${want}, was: '${shown(slo["percentile"])}'`);
  }
  return { seconds: number(slo["seconds"], `${file}: profile.slo.seconds`), percentile };
}

function number(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new BadInputError(`${what} must be a number of at least 0, was: '${shown(value)}'`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : String(JSON.stringify(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
