/** CPU time and resident memory of a process where no control group counts them. */
import pidusage from "pidusage";
import type { Usage } from "./types.ts";

/** From procfs, or from `ps` where there is none. Null when the process is gone. */
export async function measureProcess(pid: number): Promise<Usage | null> {
  try {
    const { ctime, memory } = await pidusage(pid);
    return { cpuSeconds: ctime / 1_000, memoryBytes: memory, cpuPeriods: null };
  } catch {
    return null;
  }
}
