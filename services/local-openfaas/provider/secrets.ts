/** The secret store: one file per secret under `<home>/secrets/`, readable by the owner alone. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFile, removeFile, replaceFile } from "#shared/adapters/files/durable-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { BadInputError } from "#shared/core/errors.ts";

/** Secrets by name. */
export interface SecretStore {
  /** Names, sorted; values are never listed. */
  list(): Promise<readonly string[]>;
  /** The value, byte for byte; undefined when there is no such secret. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** False when it exists already; nothing is changed then. */
  create(name: string, value: string | Uint8Array): Promise<boolean>;
  /** False when there is no such secret. */
  update(name: string, value: string | Uint8Array): Promise<boolean>;
  /** False when there is no such secret. */
  remove(name: string): Promise<boolean>;
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const MAX_NAME_LENGTH = 253;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Every method throws `BadInputError` for a name that is not a DNS subdomain (no slash, no leading dot, so that no file in
 * the middle of a write has such a name), and `StorageError` with everything as it was when the disk does not take it.
 */
export function createSecretStore(home: string, files: Files = nodeFiles): SecretStore {
  const folder = join(home, "secrets");
  const pathOf = (name: string) => {
    if (NAME.test(name) && !name.includes("..") && name.length <= MAX_NAME_LENGTH) return join(folder, name);
    throw new BadInputError(`a secret's name must be lower-case letters, digits, '-' and '.', was: '${name}'`);
  };
  const modes = { mode: FILE_MODE, folderMode: FOLDER_MODE };
  return {
    list: async () => (await files.list(folder)).filter((name) => NAME.test(name)),
    get: async (name) => files.read(pathOf(name)),
    create: async (name, value) => {
      const path = pathOf(name);
      return stored(`secret '${name}' could not be stored`, () => createFile(files, path, value, modes));
    },
    update: async (name, value) => {
      const path = pathOf(name);
      if (!(await files.exists(path))) return false;
      await stored(`secret '${name}' could not be replaced`, () => replaceFile(files, path, value, modes));
      return true;
    },
    remove: async (name) => {
      const path = pathOf(name);
      return stored(`secret '${name}' could not be removed`, () => removeFile(files, path));
    },
  };
}

/** Throws `BadInputError` that names the first secret of `names` that does not exist. */
export async function requireSecrets(store: SecretStore, names: readonly string[]): Promise<void> {
  const known = new Set(await store.list());
  const missing = names.find((name) => !known.has(name));
  if (missing !== undefined) throw new BadInputError(`secret '${missing}' does not exist: create it first`);
}

/** Writes the listed secrets, and no others, into `folder` for one replica. */
export async function mountSecrets(store: SecretStore, names: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE); // whatever the umask left of it
  for (const name of names) {
    const value = await store.get(name);
    if (value === undefined) throw new BadInputError(`secret '${name}' does not exist: create it first`);
    await writeFile(join(folder, name), value, { mode: FILE_MODE });
  }
}
