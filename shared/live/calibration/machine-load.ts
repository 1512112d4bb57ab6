/** Is the machine busy with something else? */
import { loadavg } from "node:os";

/** Processes that ran or wanted to, mean over the last minute. */
export const machineLoad = (): number => Math.round(loadavg()[0]! * 100) / 100;

/** Beyond this share of the cores, what else runs is felt. */
const QUIET_RATIO = 0.25;

/** One sentence where a measurement would be of the machine's other work, too; else null. */
export function busyWarning(loadAverage: number, cores: number): string | null {
  if (loadAverage <= QUIET_RATIO * cores) return null;
  return `warning: something else runs here (load ${loadAverage.toFixed(1)} on ${cores} cores), and it is measured, too`;
}
