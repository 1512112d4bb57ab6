/** Writes `template/node22` for faas-cli where there is none: the official templates come over the network. */
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";

/** Returns the folder that was written, or null when there is a template already, which is left as it is. */
export async function writeTemplate(dist: string, folder: string): Promise<string | null> {
  const target = join(folder, "template", "node22");
  if (existsSync(target)) return null;
  await cp(join(dist, "services", "cli", "node22-template"), target, { recursive: true });
  return target;
}
