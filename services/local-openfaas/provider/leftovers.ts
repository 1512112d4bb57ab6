/** What a death in the middle has left in the home; removed while nothing runs there. */
import { join } from "node:path";
import { isAside, removeLeftovers } from "#shared/adapters/files/durable-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";

/** As files in the middle of a write were called before; a secret may have such a name, nothing else. */
const FORMERLY = /\.[0-9a-f]{8}\.tmp$/;

/** Copies of secrets that replicas were given go too: their parent was killed. */
export async function tidyHome(home: string, files: Files = nodeFiles): Promise<void> {
  await files.remove(join(home, "run"));
  await removeLeftovers(files, join(home, "secrets"));
  for (const folder of [home, join(home, "functions"), join(home, "images")]) {
    const names = (await files.list(folder)).filter((name) => isAside(name) || FORMERLY.test(name));
    for (const name of names) await files.remove(join(folder, name));
  }
}
