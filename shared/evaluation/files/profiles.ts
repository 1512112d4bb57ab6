/** Profiles as commands name them: `stress`, `api`, `io`, `heavy`, or `@FILE` that `calibrate` wrote. */
import { PROFILES, type ProfileName, type SimProfile } from "../../sim/profiles.ts";
import { readProfileFile } from "./profile-file.ts";
import type { FlagReader } from "../../config/flags.ts";

const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];

/** One profile; default `stress`. Throws `BadInputError` for a file that cannot be used; an unknown name is a problem of `read`. */
export async function readProfile(text: string | undefined, read: FlagReader): Promise<SimProfile> {
  if (text?.startsWith("@")) return ofFile(text);
  return PROFILES[read.choice("profile", text, PROFILE_NAMES, "stress")];
}

/** Those of a comma-separated list, in the table's order, then the files. Like `readProfile`. */
export async function readProfiles(text: string | undefined, read: FlagReader): Promise<SimProfile[]> {
  if (text === undefined) return [PROFILES.stress];
  const given = read.list("profiles", text);
  const known = PROFILE_NAMES.filter((name) => given.includes(name));
  const files = [...new Set(given.filter((name) => name.startsWith("@")))];
  if (known.length + files.length !== given.length) {
    read.problem(`--profiles must name each of ${PROFILE_NAMES.join(", ")} at most once, was: '${text}'`);
  }
  return [...known.map((name) => PROFILES[name]), ...(await Promise.all(files.map(ofFile)))];
}

/** Under the name it was given by, so that a table can hold it beside the profile it was made from. */
async function ofFile(text: string): Promise<SimProfile> {
  return { ...(await readProfileFile(text.slice(1))).profile, name: text };
}
