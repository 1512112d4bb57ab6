/** The password's file: made once, kept, and closed to others. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readOrMakePassword } from "#services/local-openfaas/gateway/password.ts";

async function emptyHome(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "password-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "home");
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("password: made in a new home, for its owner alone, and read again", async (t) => {
  const home = await emptyHome(t);
  const password = await readOrMakePassword(home);
  assert.match(password, /^[\w-]{32}$/);
  assert.equal(await modeOf(home), "700");
  assert.equal(await modeOf(join(home, "basic-auth-password")), "600");
  assert.equal(await readOrMakePassword(home), password);
});

test("password: two that start together in a new home agree", async (t) => {
  const home = await emptyHome(t);
  const passwords = await Promise.all([readOrMakePassword(home), readOrMakePassword(home), readOrMakePassword(home)]);
  assert.equal(new Set(passwords).size, 1);
});

test("password: one that was set by hand is taken without its line end, and its file closed", async (t) => {
  const home = await emptyHome(t);
  await readOrMakePassword(home);
  const file = join(home, "basic-auth-password");
  await writeFile(file, "chosen by hand\n");
  await chmod(file, 0o644);
  assert.equal(await readOrMakePassword(home), "chosen by hand");
  assert.equal(await modeOf(file), "600");
  assert.equal(await readFile(file, "utf8"), "chosen by hand\n");
});

test("password: an empty file is refused with the way out", async (t) => {
  const home = await emptyHome(t);
  await readOrMakePassword(home);
  await writeFile(join(home, "basic-auth-password"), "\n");
  await assert.rejects(readOrMakePassword(home), { name: "BadInputError", message: /is empty: remove it/ });
});
