/** Folders that image builds left behind under `<home>/builds`. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";

/** A build under way has its folder before its image has a record. */
const YOUNG_MS = 3_600_000;

/** Removes builds that belong to no image any more. Only while nothing runs: a replica's folder must outlive it. */
export async function removeOldBuilds(home: string, nowMs: number): Promise<void> {
  const images = join(home, "images");
  const records = await Promise.all((await nodeFiles.list(images)).map((name) => readFile(join(images, name), "utf8")));
  const builds = join(home, "builds");
  for (const name of await readdir(builds).catch(() => [])) {
    const folder = join(builds, name);
    if (records.some((record) => record.includes(JSON.stringify(folder).slice(1, -1)))) continue;
    if (nowMs - (await stat(folder)).mtimeMs > YOUNG_MS) await rm(folder, { recursive: true, force: true });
  }
}
