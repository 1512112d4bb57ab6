/** How long a process may run and must be paused so that on average it uses no more CPU than its limit. Pure. */

/** What one process has left. */
export interface CpuBudget {
  /** Takes the CPU time used so far; returns for how many milliseconds the process must be paused, 0 = it may go on. */
  spend(nowMs: number, cpuMs: number): number;
}

/** What an idle process may save up, in milliseconds of its share: a CFS period's worth. */
const BURST_MS = 50;

/**
 * A token bucket that may go into debt. Between two samples the process runs freely, so it can use more than it has;
 * the debt is paid by pausing, and the average is right however coarse the samples are.
 */
export function cpuBudget(limitCores: number, nowMs: number, cpuMs: number): CpuBudget {
  let atMs = nowMs;
  let usedMs = cpuMs;
  let leftMs = 0;
  return {
    spend: (sampledAtMs, sampledCpuMs) => {
      leftMs += (sampledAtMs - atMs) * limitCores - (sampledCpuMs - usedMs);
      leftMs = Math.min(leftMs, BURST_MS * limitCores);
      atMs = sampledAtMs;
      usedMs = sampledCpuMs;
      return leftMs < 0 ? -leftMs / limitCores : 0;
    },
  };
}
