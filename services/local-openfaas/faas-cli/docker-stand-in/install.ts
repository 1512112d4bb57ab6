/** Puts the stand-in into the home's `bin` folder, and finds out whether it is wanted at all. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { shellQuoted } from "#shared/deploy/shell.ts";

const ANSWER_WITHIN_MS = 5_000;

/** The folder that the stand-in is in. */
export function binOf(home: string): string {
  return join(home, "bin");
}

/** A `PATH` without our own folder, so that what is found along it is real. */
export function pathWithout(path: string, folder: string): string {
  return path
    .split(delimiter)
    .filter((entry) => entry !== folder)
    .join(delimiter);
}

/** Whether a Docker engine answers: a client alone builds nothing. */
export async function hasDockerEngine(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  try {
    await promisify(execFile)("docker", ["info"], { env, timeout: ANSWER_WITHIN_MS, killSignal: "SIGKILL" });
    return true;
  } catch {
    return false;
  }
}

/** Needs nothing later but the `node` that runs now. Returns the folder for `PATH`. */
export async function installStandIn(home: string, dist: string): Promise<string> {
  const bin = binOf(home);
  await mkdir(bin, { recursive: true, mode: 0o700 });
  const program = join(bin, "docker-stand-in.cjs");
  await copyFile(join(dist, "services", "cli", "docker-stand-in.cjs"), `${program}.new`);
  await rename(`${program}.new`, program);
  const words = [process.execPath, program, home].map(shellQuoted).join(" ");
  const script = join(bin, "docker");
  await writeFile(`${script}.new`, `#!/bin/sh\n# Replicant's stand-in for Docker.\nexec ${words} "$@"\n`);
  await chmod(`${script}.new`, 0o755);
  await rename(`${script}.new`, script);
  return bin;
}
