/** One platform per home: two of them would restore, and stop, each other's functions. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "#shared/adapters/files/durable-file.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { readIfPresent } from "./files.ts";

/**
 * Resolves with the function that gives the home back. Throws `BadInputError` when a living process has it.
 *
 * The file holds the pid and when that process started, so that a number the system has given to somebody else since
 * does not keep the home locked after a crash.
 */
export async function lockHome(home: string): Promise<() => Promise<void>> {
  const path = join(home, "provider.lock");
  const holder = await readIfPresent(path);
  const [pidText = "", startedAt = ""] = (holder ?? "").trim().split(" ");
  const pid = Number(pidText);
  if (pid > 0 && pid !== process.pid && isAlive(pid) && (await startOf(pid)) === startedAt) {
    throw new BadInputError(`${home} is in use by the platform with process id ${pid}`);
  }
  const ours = `${process.pid} ${await startOf(process.pid)}\n`;
  await stored(`${home} could not be locked`, () => replaceFile(nodeFiles, path, ours));
  return () => rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM"; // somebody else's process is alive, too
  }
}

/** The kernel's start time of a process in ticks; empty where there is no procfs. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
