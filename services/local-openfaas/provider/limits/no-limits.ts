/** Where nothing can enforce a limit: replicas run free and are only measured. */
import pidusage from "pidusage";
import type { Enclosure, Limiter, Usage } from "./types.ts";

export function unlimited(reason: string): Limiter {
  return {
    description: `limits are NOT enforced: ${reason}`,
    open: async () => {
      let pid: number | undefined;
      const enclosure: Enclosure = {
        wrap: (command, args) => ({ command, args }),
        nodeFlags: [],
        entered: (entered) => (pid = entered),
        throttle: () => {},
        release: () => {},
        usage: async () => (pid === undefined ? null : measureProcess(pid)),
        outOfMemoryKills: () => 0,
        close: async () => {},
      };
      return enclosure;
    },
    close: async () => {},
  };
}

/** From procfs, or from `ps` where there is none. Null when the process is gone. */
export async function measureProcess(pid: number): Promise<Usage | null> {
  try {
    const { ctime, memory } = await pidusage(pid);
    return { cpuSeconds: ctime / 1_000, memoryBytes: memory, cpuPeriods: null };
  } catch {
    return null;
  }
}
