/** Checkpoints and what a model may do: each fault at each operation, then a new start on what is left. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { Files } from "#shared/adapters/files/files.ts";
import { readControl } from "#shared/adapters/model-registry/control-text.ts";
import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { fileModelStore } from "#shared/adapters/model-store.ts";
import type { ModelControl } from "#shared/core/model.ts";
import { everyFault } from "#test/support/faults/every-fault.ts";
import { record } from "#test/support/faults/figures.ts";
import { volatileFiles } from "#test/support/faults/volatile-files.ts";

/** Every file says to which checkpoint it belongs, so that a mixture is seen. */
const NAMES = ["model.json", "weights.bin", "training.json"];
const checkpoint = (mark: string) => Object.fromEntries(NAMES.map((name) => [name, Buffer.from(`${name} ${mark}`)]));

const control = (step: number): ModelControl => ({
  ...{ functionName: "a", policy: "p", mode: "shadow", reason: "a test", atMs: 1 },
  ...{ step, before: null, version: null },
});

/** The reader opens files of this machine. */
async function onThisMachine<T>(files: Files, work: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "replicant-models-"));
  const copy = async (from: string, to: string): Promise<void> => {
    await mkdir(to, { recursive: true });
    for (const name of await files.list(from)) {
      const bytes = await files.read(join(from, name)).catch(() => null);
      if (bytes) await writeFile(join(to, name), bytes);
      else await copy(join(from, name), join(to, name));
    }
  };
  try {
    await copy("/home", home);
    return await work(home);
  } finally {
    await rm(home, { recursive: true });
  }
}

const known = new Map<string, ReadonlyMap<number, string>>();

/** By step, as a reader finds them; most faults leave the same files, which are looked at once. */
async function marksOf(files: Files, when: string): Promise<ReadonlyMap<number, string>> {
  const marks = new Map<number, string>();
  const what: string[] = [];
  for (const folder of (await files.list("/home/a")).filter((name) => !name.startsWith(".aside-")))
    for (const name of await files.list(`/home/a/${folder}`))
      what.push(`${folder}/${name}: ${Buffer.from((await files.read(`/home/a/${folder}/${name}`))!).toString()}`);
  const seen = known.get(what.join("\n"));
  if (seen) return seen;
  await onThisMachine(files, async (home) => {
    const store = fileModelStore(join(home, "a"));
    for (const step of await store.steps()) marks.set(step, markOf(await store.read(step), when));
  });
  known.set(what.join("\n"), marks);
  return marks;
}

test("models: a checkpoint is there as it was acknowledged last, never a mixture, and never absent while it is replaced", async () => {
  const tried = await everyFault({
    async act(files, ledger) {
      const store = folderRegistry("/home", files).modelsOf("a");
      await ledger.attempt("1", "one", () => store.write(1, checkpoint("one")));
      await ledger.attempt("2", "one", () => store.write(2, checkpoint("one")));
      await ledger.attempt("1", "two", () => store.write(1, checkpoint("two")));
      await ledger.attempt("2", null, () => store.remove(2));
    },
    async check(found, ledger, when) {
      const files = { ...found }; // a new process
      const store = fileModelStore("/home/a", files);
      const marks = await marksOf(files, when);
      for (const step of [1, 2]) ledger.check(String(step), marks.get(step) ?? null, when);
      await store.write(3, checkpoint("after"));
      for (const [step, mark] of marks) await store.write(step, checkpoint(mark));
      const left = (await files.list("/home/a")).filter((name) => name.startsWith("."));
      assert.deepEqual(left, [], `${when}: leftovers`);
    },
  });
  assert.ok(tried > 200, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

function markOf(found: Readonly<Record<string, Uint8Array>>, when: string): string {
  const marks = NAMES.map((name) => Buffer.from(found[name]!).toString().replace(`${name} `, ""));
  assert.equal(new Set(marks).size, 1, `${when}: a mixture of ${marks.join(", ")}`);
  return marks[0]!;
}

test("models: what a model may do is as it was acknowledged last, and a refused change is none", async () => {
  const tried = await everyFault({
    async act(files, ledger) {
      const registry = folderRegistry("/home", files);
      for (const step of [1, 2, 3]) await ledger.attempt("a", String(step), () => registry.setControl(control(step)));
    },
    async check(found, ledger, when) {
      const files = { ...found }; // a new process
      const text = await files.read("/home/a/control.json");
      const step = text ? readControl("control.json", Buffer.from(text).toString()).step : null;
      ledger.check("a", step === null ? null : String(step), when);
      if (step === null) return;
      await folderRegistry("/home", files).setControl(control(step));
      assert.deepEqual(await files.list("/home/a"), ["control.json"], `${when}: leftovers`);
    },
  });
  assert.ok(tried > 100, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("models: at no operation of a replacement is the checkpoint absent or a mixture for a reader", async () => {
  const disk = volatileFiles();
  const problems: string[] = [];
  let looks = 0;
  const look = async (name: string) => {
    looks++;
    const steps = await fileModelStore("/home/a", disk).steps();
    if (!steps.includes(1)) problems.push(`absent before ${name}`);
    else
      await onThisMachine(disk, async (home) => {
        markOf(await fileModelStore(join(home, "a")).read(1), `before ${name}`);
      });
  };
  await fileModelStore("/home/a", disk).write(1, checkpoint("one"));
  const watched: Files = {
    ...disk,
    rename: async (from, to) => look("rename").then(() => disk.rename(from, to)),
    remove: async (path) => look("remove").then(() => disk.remove(path)),
    syncFolder: async (path) => look("syncFolder").then(() => disk.syncFolder(path)),
  };
  await fileModelStore("/home/a", watched).write(1, checkpoint("two"));
  assert.deepEqual(problems, []);
  assert.ok(looks >= 4, `${looks} looks`);
});

test("models: leftovers of the version before and of deaths are removed at the first write, and are never read", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "replicant-models-"));
  t.after(() => rm(home, { recursive: true }));
  for (const name of [".step-7.123", ".aside-0011"]) await mkdir(join(home, "a", name), { recursive: true });
  await writeFile(join(home, "a", ".step-7.123", "weights.bin"), "half");
  await writeFile(join(home, "a", ".control.123"), "{");
  const registry = folderRegistry(home);
  assert.deepEqual(await registry.modelsOf("a").steps(), []);
  await registry.modelsOf("a").write(1, checkpoint("one"));
  assert.deepEqual(await readdir(join(home, "a")), ["step-1"]);
});
