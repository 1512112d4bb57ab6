import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { fileModelStore, writeFiles } from "#shared/adapters/model-store.ts";
import { BadInputError } from "#shared/core/errors.ts";

const base = await mkdtemp(join(tmpdir(), "models-"));
after(() => rm(base, { recursive: true }));

const files = (mark: number) => ({
  "model.json": Uint8Array.of(mark),
  "weights.bin": Uint8Array.of(mark, mark),
  "training.json": Uint8Array.of(mark, mark, mark),
});
const refused = (message: RegExp) => (thrown: unknown) =>
  thrown instanceof BadInputError && message.test(thrown.message);

test("model store: checkpoints are numbered by step; the latest, or the one that is asked for", async () => {
  const store = fileModelStore(join(base, "run"));
  assert.deepEqual(await store.steps(), []);
  await store.write(20_000, files(2));
  await store.write(100_000, { ...files(3), "optimizer.bin": Uint8Array.of(9) });
  await store.write(4_000, files(1));
  assert.deepEqual(await store.steps(), [4_000, 20_000, 100_000]);
  assert.deepEqual(await store.read(20_000), files(2));
  assert.deepEqual(await store.read(null), { ...files(3), "optimizer.bin": Uint8Array.of(9) });
  await store.write(20_000, files(7));
  assert.deepEqual(await store.read(20_000), files(7));
  assert.deepEqual((await readdir(join(base, "run"))).sort(), ["step-100000", "step-20000", "step-4000"]);
  await assert.rejects(store.read(5), refused(/no checkpoint of step 5; there are 4000, 20000, 100000/));
});

test("model store: a folder may itself be one checkpoint, as they are shipped", async () => {
  await writeFiles(join(base, "shipped"), files(5));
  assert.deepEqual(await fileModelStore(join(base, "shipped")).read(null), files(5));
});

test("model store: what is no file of a checkpoint is not written, and leaves nothing behind", async () => {
  const store = fileModelStore(join(base, "odd"));
  await assert.rejects(store.write(1, { ...files(1), "../outside": Uint8Array.of(1) }), refused(/outside/));
  await assert.rejects(readdir(join(base, "odd")), { code: "ENOENT" });
});

for (const { name, spoil, message } of [
  { name: "no folder", spoil: async () => {}, message: /there is no checkpoint/ },
  {
    name: "a missing file",
    spoil: (folder: string) => writeFiles(folder, { "model.json": Uint8Array.of(1) }),
    message: /weights\.bin: there is no such file/,
  },
  {
    name: "a file larger than any checkpoint",
    spoil: async (folder: string) => {
      await writeFiles(folder, files(1));
      // Sparse: a gigabyte that takes no place.
      await truncate(join(folder, "model.json"), 2 ** 30);
    },
    message: /model\.json: must be at most 1048576 bytes, was: '1073741824'/,
  },
  {
    name: "a link out of the folder",
    spoil: async (folder: string) => {
      await writeFiles(folder, files(1));
      await rm(join(folder, "weights.bin"));
      await symlink("/etc/passwd", join(folder, "weights.bin"));
    },
    message: /weights\.bin: cannot be read \(ELOOP\)/,
  },
  {
    name: "a folder in a file's place",
    spoil: async (folder: string) => {
      await writeFiles(folder, files(1));
      await rm(join(folder, "training.json"));
      await mkdir(join(folder, "training.json"));
    },
    message: /training\.json: is not a file/,
  },
  {
    name: "a file in the folder's place",
    spoil: (folder: string) => writeFile(folder, "x"),
    message: /cannot be read as a folder/,
  },
]) {
  test(`model store: ${name} is refused by name`, async () => {
    const folder = join(base, `spoiled ${name}`);
    await spoil(folder);
    await assert.rejects(fileModelStore(folder).read(null), refused(message));
  });
}
