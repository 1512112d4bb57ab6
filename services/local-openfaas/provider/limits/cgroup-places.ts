/** Finds, makes and tries out the cgroup folders in which replicas get folders of their own. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { errnoOf } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { messageOf } from "#shared/core/errors.ts";
import { readIfPresent } from "../files.ts";
import { isRunning } from "../processes.ts";
import { cgroupV1, cgroupV2, type CgroupVersion, type CgroupWrite } from "./cgroup-files.ts";
import { removeCgroup } from "./cgroup-folder.ts";
import { cgroupMounts } from "./cgroup-mounts.ts";

/** One controller's folder for the replicas of this process. */
export interface CgroupPlace {
  readonly version: CgroupVersion;
  readonly folder: string;
}

/** Where replicas get their folders. */
export interface CgroupPlaces {
  readonly cpu: CgroupPlace | null;
  /** Where CPU time is counted: `cpuacct` in v1, which may be mounted apart from `cpu`. */
  readonly cpuAccounting: CgroupPlace | null;
  readonly memory: CgroupPlace | null;
  /** Why something above is null; a few words each. */
  readonly problems: readonly string[];
}

const PREFIX = "replicant-";
const run = promisify(execFile);

/** `procFolder`: where `mountinfo` and `cgroup` of this process are read. */
export async function findCgroupPlaces(cfsPeriodMicros: number, procFolder = "/proc/self"): Promise<CgroupPlaces> {
  const [mountinfo, cgroup] = await Promise.all(
    ["mountinfo", "cgroup"].map((file) => readIfPresent(join(procFolder, file))),
  );
  const nowhere = { cpu: null, cpuAccounting: null, memory: null };
  if (mountinfo === undefined || cgroup === undefined) return { ...nowhere, problems: ["there is no procfs"] };
  const { v1, v2 } = cgroupMounts(mountinfo, cgroup);
  const problems: string[] = [];
  const quota = (version: CgroupVersion) => version.cpuQuota(0.5, cfsPeriodMicros);
  const limit = (version: CgroupVersion) => version.memoryLimit(64 * 2 ** 20);

  const attempt = async (
    version: CgroupVersion,
    controller: string,
    parent: string | undefined,
    writes: readonly CgroupWrite[],
  ) => {
    if (parent === undefined) return null;
    try {
      return { version, folder: await tryOut(parent, writes) };
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      problems.push(`${version.name} ${controller}: ${code ?? messageOf(thrown)}`);
      return null;
    }
  };
  const cpuV1 = await attempt(cgroupV1, "cpu", v1.get("cpu"), quota(cgroupV1));
  const accountingV1 = await attempt(cgroupV1, "cpuacct", v1.get("cpuacct"), []);
  const memoryV1 = await attempt(cgroupV1, "memory", v1.get("memory"), limit(cgroupV1));
  if (cpuV1 && accountingV1 && memoryV1) {
    return { cpu: cpuV1, cpuAccounting: accountingV1, memory: memoryV1, problems };
  }

  const parentV2 = v2 ? await v2Parent(v2) : undefined;
  if (v2 && parentV2 === undefined) problems.push("cgroup v2: no cpu and memory controllers to be had");
  const unified = await attempt(cgroupV2, "cpu and memory", parentV2, [...quota(cgroupV2), ...limit(cgroupV2)]);
  if (!unified && problems.length === 0) problems.push("no control groups are mounted");
  return {
    cpu: cpuV1 ?? unified,
    cpuAccounting: accountingV1 ?? unified,
    memory: memoryV1 ?? unified,
    problems,
  };
}

/**
 * Makes `<parent>/replicant-<pid>`, and in it a folder for a moment that is written to and entered as a replica's
 * would be: permissions, delegation and missing controllers show in no other way. Throws with the reason.
 */
async function tryOut(parent: string, writes: readonly CgroupWrite[]): Promise<string> {
  await sweep(parent);
  const folder = join(parent, `${PREFIX}${process.pid}`);
  await mkdir(folder).catch((thrown: unknown) => {
    if (errnoOf(thrown) !== "EEXIST") throw thrown;
  });
  const probe = join(folder, `probe-${randomBytes(4).toString("hex")}`);
  try {
    await passControllersOn(folder);
    await mkdir(probe);
    for (const { file, value, optional } of writes) {
      if (!optional) await writeFile(join(probe, file), value);
    }
    await run("/bin/sh", ["-c", 'echo $$ > "$0/cgroup.procs"', probe]);
    await removeCgroup(probe);
    return folder;
  } catch (thrown) {
    await removeCgroup(probe);
    await removeCgroup(folder);
    throw thrown;
  }
}

/** In v2 a folder's children have the controllers that its `cgroup.subtree_control` names. */
async function passControllersOn(folder: string): Promise<void> {
  const available = await readIfPresent(join(folder, "cgroup.controllers"));
  if (available === undefined) return; // v1
  const wanted = ["cpu", "memory"].filter((controller) => available.split(/\s+/).includes(controller));
  if (wanted.length > 0) {
    await writeFile(join(folder, "cgroup.subtree_control"), wanted.map((controller) => `+${controller}`).join(" "));
  }
}

/**
 * The nearest ancestor of our own group that gives its children `cpu` and `memory`. Our own group holds processes and
 * so can give nothing; the first that already gives both is taken before one where it would have to be switched on.
 */
async function v2Parent(v2: { readonly folder: string; readonly root: string }): Promise<string | undefined> {
  const ancestors: string[] = [];
  for (let at = v2.folder; at.startsWith(v2.root); at = dirname(at)) ancestors.push(at);
  const gives = async (folder: string) => {
    const given = (await readIfPresent(join(folder, "cgroup.subtree_control")).catch(() => "")) ?? "";
    return ["cpu", "memory"].every((controller) => given.split(/\s+/).includes(controller));
  };
  for (const folder of ancestors) {
    if (await gives(folder)) return folder;
  }
  for (const folder of ancestors) {
    try {
      await passControllersOn(folder);
      if (await gives(folder)) return folder;
    } catch {
      // Not ours to change, or it holds processes: the next one up.
    }
  }
  return undefined;
}

/** The folders of these places, each once: in v2, and often in v1, one holds several controllers. */
export function foldersOf({ cpu, cpuAccounting, memory }: Omit<CgroupPlaces, "problems">): readonly string[] {
  return [...new Set([cpu, cpuAccounting, memory].flatMap((place) => (place ? [place.folder] : [])))];
}

/** Removes what platforms have left here that were killed together with their guardian. */
async function sweep(parent: string): Promise<void> {
  for (const name of await nodeFiles.list(parent)) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : Number.NaN);
    if (!Number.isInteger(pid) || pid === process.pid || isRunning(pid)) continue;
    const folder = join(parent, name);
    const inside = (await nodeFiles.list(folder)).map((inner) => join(folder, inner));
    for (const group of inside.filter((each) => existsSync(join(each, "cgroup.procs")))) await removeCgroup(group);
    await removeCgroup(folder);
  }
}
