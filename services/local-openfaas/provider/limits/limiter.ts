/** Finds out how limits can be enforced on this machine, and says so. */
import { rmdir } from "node:fs/promises";
import type { Guardian } from "../guardian.ts";
import { findCgroupPlaces, foldersOf, type CgroupPlaces } from "./cgroup-places.ts";
import { DutyCycle } from "./duty-cycle.ts";
import { openEnclosure } from "./enclosure.ts";
import { cpuTimeMs } from "./process-stats.ts";
import type { Limiter } from "./types.ts";

/** `auto`: cgroups where they can be used, else the duty cycle; the others force one, for tests and trouble. */
export type LimitsChoice = "auto" | "duty-cycle" | "none";

/** How limits are to be enforced. */
export interface LimiterOptions {
  readonly choice: LimitsChoice;
  readonly cfsPeriodMicros: number;
  readonly guardian: Guardian;
}

/** The best that works here and was not ruled out. */
export async function openLimiter({ choice, cfsPeriodMicros, guardian }: LimiterOptions): Promise<Limiter> {
  const places =
    choice === "auto"
      ? await findCgroupPlaces(cfsPeriodMicros)
      : { cpu: null, cpuAccounting: null, memory: null, problems: ["not wanted by the settings"] };
  const canSupervise = choice !== "none" && cpuTimeMs(process.pid) !== null;
  const dutyCycle = canSupervise && !(places.cpu && places.memory) ? new DutyCycle() : null;
  const folders = foldersOf(places);
  for (const folder of folders) guardian.watchFolder(folder);
  return {
    description: describe(places, dutyCycle !== null, cfsPeriodMicros),
    enforced: (places.cpu !== null && places.memory !== null) || dutyCycle !== null,
    open: (replicaId, resources) => openEnclosure({ places, dutyCycle, cfsPeriodMicros }, replicaId, resources),
    close: async () => {
      // Another platform of this very process may still use them: then they are not empty, and stay.
      for (const folder of folders) await rmdir(folder).catch(() => {});
    },
  };
}

function describe(places: CgroupPlaces, supervised: boolean, cfsPeriodMicros: number): string {
  const cpu = places.cpu
    ? `CPU by ${places.cpu.version.name} (period ${cfsPeriodMicros / 1_000} ms)`
    : supervised
      ? "CPU by stopping and continuing processes (no root needed, coarser than cgroups)"
      : "CPU limits are NOT enforced";
  const memory = places.memory
    ? `memory by ${places.memory.version.name}`
    : supervised
      ? "memory by looking every 100 ms"
      : "memory limits are NOT enforced";
  const because = places.cpu && places.memory ? "" : ` (cgroups: ${places.problems.join("; ")})`;
  return `${cpu}, ${memory}${because}`;
}
