import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { fileKeyring, keysOf, MAX_KEYS } from "#shared/host/keyring.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "replicant-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("keys are the lines of the secret, each once, and no more than may be", () => {
  assert.deepEqual(keysOf("one"), ["one"]);
  assert.deepEqual(keysOf(" one \r\n\n two\none\n"), ["one", "two"]);
  assert.deepEqual(keysOf("\n \n"), []);
  assert.equal(keysOf(Array.from({ length: 100 }, (_, i) => `k${i}`).join("\n")).length, MAX_KEYS);
});

test("a changed file is read anew, without a restart", (t) => {
  const folder = aFolder(t);
  const counts: number[] = [];
  const keyring = fileKeyring(folder, "replicant-key", (count) => counts.push(count));
  assert.deepEqual(keyring(), []);
  writeFileSync(join(folder, "replicant-key"), "one\n");
  assert.deepEqual(keyring(), ["one"]);
  writeFileSync(join(folder, "replicant-key"), "two\none\n");
  assert.deepEqual(keyring(), ["two", "one"]);
  assert.deepEqual(counts, [2]);
});

test("a mount that swaps its link is a changed file", (t) => {
  const folder = aFolder(t);
  for (const name of ["first", "other"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "replicant-key"), `key-${name.length}-${name}`);
  }
  symlinkSync("first", join(folder, "..data"));
  symlinkSync(join("..data", "replicant-key"), join(folder, "replicant-key"));
  const keyring = fileKeyring(folder, "replicant-key");
  assert.deepEqual(keyring(), ["key-5-first"]);
  symlinkSync("other", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  assert.deepEqual(keyring(), ["key-5-other"]);
});

test("a file that is gone or empty for a moment takes no key away", (t) => {
  const folder = aFolder(t);
  const path = join(folder, "replicant-key");
  writeFileSync(path, "one");
  const keyring = fileKeyring(folder, "replicant-key");
  assert.deepEqual(keyring(), ["one"]);
  writeFileSync(path, "");
  assert.deepEqual(keyring(), ["one"]);
  rmSync(path);
  assert.deepEqual(keyring(), ["one"]);
  writeFileSync(path, "two");
  assert.deepEqual(keyring(), ["two"]);
});
