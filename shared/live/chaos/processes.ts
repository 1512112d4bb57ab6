/** The processes of the platform that runs from a home, found by who started them, and signalled by their ids alone. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { BadInputError } from "../../core/errors.ts";
import { readIfThere } from "../if-there.ts";

/** Finds and signals the platform's processes. */
export interface PlatformProcesses {
  /** Ids of a part's replicas as they are now. */
  pidsOf(functionName: string): number[];
  /** The bus's server; null where it is somebody else's, or none of its own. */
  busPid(): Promise<number | null>;
  /** Signals a process that is still the platform's; says whether it was. */
  signal(pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean;
}

/** The process of the bus's own server as a home notes it; null where there is none. */
export type BusServerPid = (home: string) => Promise<number | null>;

/** Throws `BadInputError` where they cannot be distinguished from others. */
export function platformProcesses(home: string, busServerPid: BusServerPid): PlatformProcesses {
  const owner = ownerOf(home);
  const isOurs = (pid: number) => parentOf(pid) === owner;

  return {
    pidsOf: (functionName) =>
      readdirSync("/proc")
        .map(Number)
        .filter((pid) => Number.isInteger(pid) && isOurs(pid) && nameOf(pid) === functionName),
    async busPid() {
      const pid = await busServerPid(home);
      return pid !== null && isOurs(pid) ? pid : null;
    },
    signal(pid, signal) {
      if (!isOurs(pid)) return false;
      try {
        return process.kill(pid, signal);
      } catch {
        return false; // it ended just then
      }
    },
  };
}

/** The process that holds the home. */
function ownerOf(home: string): number {
  if (process.platform !== "linux") throw new BadInputError("faults in processes need /proc, which only Linux has");
  const pid = Number(readIfThere(join(home, "provider.lock"))?.split(" ")[0]);
  if (!(pid > 0) || parentOf(pid) === null) throw new BadInputError(`no platform holds ${home}`);
  return pid;
}

function parentOf(pid: number): number | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" ? null : Number(parent);
}

function nameOf(pid: number): string | null {
  const entries = readIfThere(`/proc/${pid}/environ`)?.split("\0") ?? [];
  return entries.find((entry) => entry.startsWith("OPENFAAS_NAME="))?.slice("OPENFAAS_NAME=".length) ?? null;
}
