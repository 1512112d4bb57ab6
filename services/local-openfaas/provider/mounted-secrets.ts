/** Secrets that reach the replicas which run: as in a Kubernetes volume, the file of a mounted secret follows its update. */
import { access, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import type { SecretStore } from "./secrets.ts";

/** Where the replicas of this process have their folders. */
export function runFolderOf(home: string): string {
  return join(home, "run", String(process.pid));
}

/** Each replica's folder has its `secrets/`. One that ends meanwhile is passed over. */
export function mountedSecrets(store: SecretStore, home: string): SecretStore {
  const runFolder = runFolderOf(home);
  return {
    ...store,
    async update(name, value) {
      if (!(await store.update(name, value))) return false;
      for (const replica of await nodeFiles.list(runFolder)) await remount(join(runFolder, replica), name, value);
      return true;
    },
  };
}

/** The reader finds the old file or the new one, never half of it. */
async function remount(folder: string, name: string, value: string | Uint8Array): Promise<void> {
  const path = join(folder, "secrets", name);
  const aside = join(folder, `.secret-${name}`);
  try {
    await access(path);
    await writeFile(aside, value, { mode: 0o600 });
    await rename(aside, path);
  } catch {
    // Not mounted here, or the replica is gone: it starts anew with what is stored.
    await rm(aside, { force: true }).catch(() => {});
  }
}
