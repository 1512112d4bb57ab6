/** One platform per home: two of them would restore, and stop, each other's functions. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "#shared/adapters/files/durable-file.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { readIfPresent } from "./files.ts";
import { startTicks } from "./limits/process-stats.ts";
import { isRunning } from "./processes.ts";

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
  if (pid > 0 && pid !== process.pid && isRunning(pid) && startTicks(pid) === startedAt) {
    throw new BadInputError(`${home} is in use by the platform with process id ${pid}`);
  }
  const ours = `${process.pid} ${startTicks(process.pid)}\n`;
  await stored(`${home} could not be locked`, () => replaceFile(nodeFiles, path, ours));
  return () => rm(path, { force: true });
}
