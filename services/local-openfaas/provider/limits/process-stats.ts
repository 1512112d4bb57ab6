/** CPU time, memory, state and start of a process, from procfs. */
import { readFileSync } from "node:fs";

/** The kernel's unit of times in `/proc/<pid>/stat` is 10 ms on every Linux that Node runs on. */
const TICK_MS = 10;

/** All threads, and children that have ended. Null when the process is gone, or there is no procfs. */
export function cpuTimeMs(pid: number): number | null {
  const fields = statFields(pid);
  if (fields === undefined) return null;
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * TICK_MS;
}

/** Stopped by a signal; not by a debugger, which has its reasons. False when the process is gone, or there is no procfs. */
export function isStopped(pid: number): boolean {
  return statFields(pid)?.[0] === "T";
}

/** When it started, in the kernel's ticks; empty when the process is gone, or there is no procfs. */
export function startTicks(pid: number): string {
  return statFields(pid)?.[19] ?? "";
}

/**
 * Memory that belongs to the process alone. Not RSS: that counts the program text which all Node processes share,
 * and a control group would charge it once.
 */
export function privateMemoryBytes(pid: number): number | null {
  const status = readProc(pid, "status");
  if (status === undefined) return null;
  const amounts = status.matchAll(/^(?:RssAnon|RssShmem):\s+(\d+) kB/gm);
  return [...amounts].reduce((kilobytes, [, amount]) => kilobytes + Number(amount), 0) * 1_024;
}

/** From the third on, the state: the name before it may hold anything, and ends at the last bracket. */
function statFields(pid: number): readonly string[] | undefined {
  const stat = readProc(pid, "stat");
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
