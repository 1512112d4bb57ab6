/** What installing a test peer takes: programs found and run, and the reason when one fails. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const PEERS = join(ROOT, ".peers");

export const inCi = process.env.CI === "true";
/** What is large, or changes the machine, is installed in CI or when asked for. */
export const isAskedFor = inCi || process.env.REPLICANT_INSTALL_PEERS === "1";

/**
 * `install` answers with why it could not, or null; `unusable` says why this machine or this Node can never use it.
 * @typedef {{ name: string, found: () => string | null, install: () => string | null, unusable?: string | null }} Peer
 */

/** @param {string} program @param {readonly string[]} args @param {import("node:child_process").SpawnSyncOptions} [options] */
export function run(program, args, options = {}) {
  return spawnSync(program, args, {
    timeout: 10 * 60_000,
    ...options,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", ...options.env },
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** @param {string} program */
export function onPath(program) {
  // Debian's servers are in /usr/sbin, which is not on everybody's path.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/bin"];
  return (
    folders
      .filter((folder) => folder !== "" && !folder.startsWith(PEERS))
      .map((folder) => join(folder, program))
      .find(executable) ?? null
  );
}

/** @param {string} file */
export function executable(file) {
  return accessible(file, constants.X_OK);
}

/** @param {string} path */
export function readable(path) {
  return accessible(path, constants.R_OK) ? path : null;
}

/** @param {string} path @param {number} mode */
function accessible(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The last line that says something. @param {{ error?: Error, stderr: string | null }} result */
export function reasonOf({ error, stderr }) {
  const lines = (stderr ?? "")
    .split("\n")
    .filter((line) => /\w/.test(line) && !line.includes("A complete log of this run"));
  return error?.message ?? lines.at(-1)?.trim() ?? "no reason given";
}
