/** CPU time and memory of a process, from procfs. */
import { readFileSync } from "node:fs";

/** The kernel's unit of times in `/proc/<pid>/stat` is 10 ms on every Linux that Node runs on. */
const TICK_MS = 10;

/** All threads, and children that have ended. Null when the process is gone, or there is no procfs. */
export function cpuTimeMs(pid: number): number | null {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return null;
  // The name in the second field may hold anything; numbers begin after its last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * TICK_MS;
}

/** Stopped by a signal; not by a debugger, which has its reasons. Null when the process is gone, or there is no procfs. */
export function isStopped(pid: number): boolean | null {
  const stat = readProc(pid, "stat");
  return stat === undefined ? null : stat[stat.lastIndexOf(")") + 2] === "T";
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

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
