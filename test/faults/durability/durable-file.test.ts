/** The shared piece of everything that is stored: each fault at each operation, then a new start. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openAppendFile } from "#shared/adapters/files/append-file.ts";
import { createFile, isAside, removeFile, removeLeftovers, replaceFile } from "#shared/adapters/files/durable-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { everyFault } from "#test/support/faults/every-fault.ts";
import { record } from "#test/support/faults/figures.ts";

const textOf = async (files: Files, path: string) => {
  const bytes = await files.read(path);
  return bytes === undefined ? null : Buffer.from(bytes).toString();
};

test("replace, create, remove: what was acknowledged is there, the rest is not, nothing is cut", async () => {
  const folder = "/home/state";
  const tried = await everyFault({
    async act(files, ledger) {
      await ledger.attempt("a", "first", () => replaceFile(files, `${folder}/a`, "first"));
      await ledger.attempt("a", "second", () => replaceFile(files, `${folder}/a`, "second"));
      await ledger.attempt("b", "made", () => created(files, `${folder}/b`, "made"));
      await ledger.attempt("a", null, () => removed(files, `${folder}/a`));
      await ledger.attempt("b", "replaced", () => replaceFile(files, `${folder}/b`, "replaced"));
    },
    async check(files, ledger, when) {
      await removeLeftovers(files, folder);
      for (const name of ["a", "b"]) ledger.check(name, await textOf(files, `${folder}/${name}`), when);
      assert.deepEqual((await files.list(folder)).filter(isAside), [], `${when}: leftovers`);
      await replaceFile(files, `${folder}/after`, "the fault");
      assert.equal(await textOf(files, `${folder}/after`), "the fault", when);
    },
  });
  assert.ok(tried > 200, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("append: whole pieces in order; a part of one is told and cut away", async () => {
  const path = "/home/log/lines";
  const tried = await everyFault({
    async act(files, ledger) {
      let file: Awaited<ReturnType<typeof openAppendFile>> | undefined;
      for (const piece of ["one", "two", "three"]) {
        await ledger.attempt(piece, piece, async () => {
          file ??= await openAppendFile(files, path);
          await file.append(`${piece}\n`);
        });
      }
      await file?.close();
    },
    async check(files, ledger, when) {
      const text = (await textOf(files, path)) ?? "";
      const wholeBytes = text.lastIndexOf("\n") + 1;
      const lines = text.slice(0, wholeBytes).split("\n").slice(0, -1);
      for (const piece of ["one", "two", "three"]) ledger.check(piece, lines.includes(piece) ? piece : null, when);
      assert.deepEqual(
        lines,
        ["one", "two", "three", "again"].filter((line) => lines.includes(line)),
        when,
      );
      const file = await openAppendFile(files, path, { wholeBytes });
      await file.append("again\n");
      await file.close();
      assert.equal(await textOf(files, path), `${[...lines, "again"].join("\n")}\n`, when);
    },
  });
  assert.ok(tried > 100, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

async function created(files: Files, path: string, content: string): Promise<void> {
  assert.equal(await createFile(files, path, content), true);
}

async function removed(files: Files, path: string): Promise<void> {
  // It may not be there: its own making may have been refused.
  await removeFile(files, path);
}

test("the suite itself notices a writer that does not sync, and one that writes in place", async () => {
  const unsynced = async (files: Files, path: string, text: string) => {
    const file = await files.create(`${path}.new`, 0o600);
    await file.write(Buffer.from(text));
    await file.close();
    await files.rename(`${path}.new`, path);
  };
  const inPlace = async (files: Files, path: string, text: string) => {
    await files.remove(path);
    const file = await files.create(path, 0o600);
    await file.write(Buffer.from(text));
    await file.sync();
    await file.close();
    await files.syncFolder("/home");
  };
  for (const write of [unsynced, inPlace]) {
    const story = everyFault({
      async act(files, ledger) {
        for (const text of ["first", "second"]) await ledger.attempt("a", text, () => write(files, "/home/a", text));
      },
      check: async (files, ledger, when) => ledger.check("a", await textOf(files, "/home/a"), when),
    });
    await assert.rejects(story, /'a' is .*, acknowledged was/, write.name);
  }
});
