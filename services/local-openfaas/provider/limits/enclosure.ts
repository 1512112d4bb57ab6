/** The limits around one replica, put together from what this machine has for CPU and for memory. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import pidusage from "pidusage";
import { cgroupReader, removeCgroup, writeCgroup } from "./cgroup-folder.ts";
import { foldersOf, type CgroupPlace, type CgroupPlaces } from "./cgroup-places.ts";
import type { DutyCycle, Supervised } from "./duty-cycle.ts";
import type { Resources } from "#shared/deploy/quantities.ts";
import type { Enclosure, Usage } from "./types.ts";

/** What this machine has for limits. */
export interface EnclosureMeans {
  readonly places: CgroupPlaces;
  /** For what `places` lacks; null where there is no procfs: then nothing is enforced, and the limiter says so. */
  readonly dutyCycle: DutyCycle | null;
  readonly cfsPeriodMicros: number;
}

/** Enters the groups given up to `--`, then becomes the command after it: Node sees its memory limit as it boots. */
const ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"';

/** Below this a heap as large as the limit would not even start. */
const MIN_HEAP_BYTES = 64 * 2 ** 20;

/** Makes the groups of one replica. Throws one sentence when the kernel refuses a limit; nothing is left then. */
export async function openEnclosure(
  means: EnclosureMeans,
  replicaId: string,
  resources: Resources,
): Promise<Enclosure> {
  const { places, dutyCycle, cfsPeriodMicros } = means;
  const { cpuLimitCores, cpuRequestCores, memoryLimitBytes } = resources;
  const inside = (place: CgroupPlace | null) =>
    place && { version: place.version, folder: join(place.folder, replicaId) };
  const cpu = inside(places.cpu);
  const cpuAccounting = inside(places.cpuAccounting);
  const memory = inside(places.memory);
  const folders = foldersOf({ cpu, cpuAccounting, memory });
  let supervised: Supervised | undefined;
  let pid: number | undefined;

  const remove = () => Promise.all(folders.map((folder) => removeCgroup(folder)));
  try {
    for (const folder of folders) await mkdir(folder);
    if (cpu && cpuRequestCores !== null) writeCgroup(cpu.folder, cpu.version.cpuShares(cpuRequestCores));
    if (memory && memoryLimitBytes !== null) writeCgroup(memory.folder, memory.version.memoryLimit(memoryLimitBytes));
  } catch (thrown) {
    await remove();
    throw thrown;
  }

  let throttled = false;
  const superviseCpu = () => {
    if (!cpu && cpuLimitCores !== null && throttled) supervised?.throttle(cpuLimitCores);
  };
  return {
    wrap: (command, args) =>
      folders.length === 0
        ? { command, args }
        : { command: "/bin/sh", args: ["-c", ENTER, "sh", ...folders, "--", command, ...args] },
    nodeFlags:
      memory || memoryLimitBytes === null || memoryLimitBytes < MIN_HEAP_BYTES
        ? []
        : [`--max-old-space-size=${Math.floor(memoryLimitBytes / 2 ** 20)}`],
    entered: (entered) => {
      pid = entered;
      const needed = (!cpu && cpuLimitCores !== null) || (!memory && memoryLimitBytes !== null);
      if (needed) supervised = dutyCycle?.supervise(entered, memory ? null : memoryLimitBytes);
      superviseCpu();
    },
    throttle: () => {
      throttled = true;
      if (cpu && cpuLimitCores !== null) writeCgroup(cpu.folder, cpu.version.cpuQuota(cpuLimitCores, cfsPeriodMicros));
      superviseCpu();
    },
    holdsStill: () => supervised?.holdsStill() ?? false,
    release: () => supervised?.release(),
    usage: async () => {
      const ofProcess = cpuAccounting && memory ? null : pid === undefined ? null : await measureProcess(pid);
      try {
        return {
          cpuSeconds: cpuAccounting
            ? cpuAccounting.version.cpuSeconds(cgroupReader(cpuAccounting.folder))
            : ofProcess!.cpuSeconds,
          memoryBytes: memory ? memory.version.workingSetBytes(cgroupReader(memory.folder)) : ofProcess!.memoryBytes,
          cpuPeriods: cpu ? cpu.version.cpuPeriods(cgroupReader(cpu.folder)) : null,
        };
      } catch {
        return null; // the process or its group has just gone
      }
    },
    outOfMemoryKills: () => {
      try {
        return memory
          ? memory.version.outOfMemoryKills(cgroupReader(memory.folder))
          : (supervised?.outOfMemoryKills() ?? 0);
      } catch {
        return 0;
      }
    },
    close: async () => {
      supervised?.remove();
      await remove();
    },
  };
}

/** Where no control group counts: from procfs, or from `ps` where there is none. Null when the process is gone. */
async function measureProcess(pid: number): Promise<Omit<Usage, "cpuPeriods"> | null> {
  try {
    const { ctime, memory } = await pidusage(pid);
    return { cpuSeconds: ctime / 1_000, memoryBytes: memory };
  } catch {
    return null;
  }
}
