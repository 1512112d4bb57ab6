/** Profiles that `calibrate` writes: `@FILE` where a profile's name is expected. */
import { parseProfileDocument, PROFILE_KIND, type ProfileDocument } from "../../sim/calibration/profile-document.ts";
import type { Machine, Versions } from "./machine.ts";
import { textOf } from "./text-of.ts";
import { checkOwnFile, writeWhole } from "./whole-file.ts";

/** A profile's file with what it was made of. */
export interface WrittenProfile extends ProfileDocument {
  readonly measuredAt: string;
  readonly command: string;
  readonly place: string;
  readonly machine: Machine;
  /** Processes that ran or wanted to when the measurement ended, mean over a minute: its own are among them. */
  readonly loadAverage: number;
  readonly versions: Versions;
}

/** Throws `BadInputError` for a file that `calibrate` did not write. */
export async function readProfileFile(file: string): Promise<Pick<ProfileDocument, "profile" | "timeLapse">> {
  return parseProfileDocument(await textOf(file, `profile '@${file}': the file`), file);
}

/** Throws `BadInputError` when something else is there: only an earlier profile may be written over. */
export function checkProfileFile(file: string): Promise<void> {
  return checkOwnFile(file, PROFILE_KIND, "calibrate");
}

/** Whole or not at all. */
export function writeProfileFile(file: string, written: WrittenProfile): Promise<void> {
  return writeWhole(file, `${JSON.stringify(written, null, 2)}\n`);
}
