/** One folder of a control group: checked writes, and a removal that leaves no process behind. */
import { readFileSync, writeFileSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { errnoOf } from "#shared/adapters/files/files.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { CgroupWrite } from "./cgroup-files.ts";

/**
 * Throws one sentence when the kernel refuses a value. Synchronous: the kernel answers such a file in microseconds,
 * and nothing may come between the parts of a limit.
 */
export function writeCgroup(folder: string, writes: readonly CgroupWrite[]): void {
  for (const { file, value, optional } of writes) {
    try {
      writeFileSync(join(folder, file), value);
    } catch (thrown) {
      if (optional) continue;
      throw new Error(`the kernel refused ${file} = '${value}': ${messageOf(thrown)}`, { cause: thrown });
    }
  }
}

/** Reads files of the group by name. */
export function cgroupReader(folder: string): (file: string) => string {
  return (file) => readFileSync(join(folder, file), "utf8").trimEnd();
}

const REMOVE_ATTEMPTS = 40;
const REMOVE_EVERY_MS = 25;

/** Kills what is inside and removes the folder. Never rejects: what cannot be removed is swept by the next start. */
export async function removeCgroup(folder: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    killInside(folder);
    try {
      await rmdir(folder);
      return;
    } catch (thrown) {
      if (errnoOf(thrown) !== "EBUSY") return;
    }
    await delay(REMOVE_EVERY_MS); // a killed process leaves its group a moment later
  }
}

function killInside(folder: string): void {
  let pids: string;
  try {
    pids = readFileSync(join(folder, "cgroup.procs"), "utf8");
  } catch {
    return;
  }
  for (const pid of pids.split("\n").map(Number)) {
    if (pid > 1 && pid !== process.pid) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
  }
}
