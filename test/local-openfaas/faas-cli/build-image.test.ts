/** What the docker stand-in makes of a build context. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { buildImage, npmInstall, type BuildWorld } from "#services/local-openfaas/faas-cli/docker-stand-in/build.ts";
import { removeOldBuilds } from "#services/local-openfaas/provider/builds.ts";
import { createImageStore } from "#services/local-openfaas/provider/images.ts";

function world(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "stand-in-"));
  t.after(() => rmSync(home, { recursive: true }));
  const context = join(home, "context");
  const write = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(context, name)), { recursive: true });
      writeFileSync(join(context, name), text);
    }
  };
  write({ Dockerfile: "FROM node", "index.js": "", "function/handler.js": "module.exports = () => 1;" });
  const installed: string[] = [];
  const build = (image = "me/hello:1", install: BuildWorld["install"] = (folder) => void installed.push(folder)) =>
    buildImage(image, context, { home, install });
  return { home, context, write, installed, build, builds: () => readdirSync(join(home, "builds")) };
}

test("stand-in: an image is a copy of its context, and outlives it", async (t) => {
  const { home, context, build, installed } = world(t);
  const folder = await build();
  rmSync(context, { recursive: true });
  const { handlerPath } = await createImageStore(home).resolve("me/hello:1");
  assert.equal(handlerPath, join(folder, "function/handler.js"));
  assert.equal(readFileSync(handlerPath, "utf8"), "module.exports = () => 1;");
  assert.deepEqual(installed, [], "nothing to install");
});

test("stand-in: the same context is built once, another one anew, and the image follows", async (t) => {
  const { home, build, write, builds } = world(t);
  const first = await build();
  assert.equal(await build("me/other:1"), first);
  write({ "function/handler.js": "module.exports = () => 2;" });
  const second = await build();
  assert.equal(builds().length, 2);
  assert.equal((await createImageStore(home).resolve("me/hello:1")).folder, second);
  assert.equal((await createImageStore(home).resolve("me/other:1")).folder, first);
});

test("stand-in: packages are installed in the copy, once; a failed install leaves nothing behind", async (t) => {
  const { home, build, write, builds, installed, context } = world(t);
  write({ "function/package.json": JSON.stringify({ dependencies: { left: "1.0.0" } }) });
  await assert.rejects(
    build("me/hello:1", () => {
      throw new BadInputError("npm install ended with code 1");
    }),
    new BadInputError("npm install ended with code 1"),
  );
  assert.deepEqual(builds(), []);
  await assert.rejects(createImageStore(home).resolve("me/hello:1"), BadInputError);
  await build();
  await build();
  assert.equal(installed.length, 1);
  assert.notEqual(installed[0], join(context, "function"));
  write({ "function/package.json": "{" });
  await assert.rejects(build(), new BadInputError("function/package.json must be JSON"));
});

test("stand-in: npm really installs, and runs no scripts", async (t) => {
  const { build, write } = world(t);
  write({
    "function/package.json": JSON.stringify({ dependencies: { greeting: "file:./greeting" } }),
    "function/greeting/package.json": JSON.stringify({
      ...{ name: "greeting", version: "1.0.0", scripts: { install: "touch ../ran" } },
    }),
    "function/greeting/index.js": "module.exports = 'hello';",
  });
  const folder = await build("me/hello:1", npmInstall);
  assert.ok(existsSync(join(folder, "function/node_modules/greeting/index.js")));
  assert.ok(!existsSync(join(folder, "function/ran")));
});

test("stand-in: a context without a node handler is refused in a sentence", async (t) => {
  const { context, build } = world(t);
  rmSync(join(context, "function"), { recursive: true });
  await assert.rejects(
    build(),
    new BadInputError(
      `'me/hello:1' cannot be built without Docker: only functions of the node22 template can, and there is no function/handler.js in ${context}`,
    ),
  );
});

test("builds that belong to no image are removed when they are an hour old, others never", async (t) => {
  const { home, build, write } = world(t);
  const folders: string[] = [];
  for (const [image, text] of [
    ["me/hello:1", "1"],
    ["me/hello:1", "2"],
    ["me/kept:1", "3"],
    ["me/hello:1", "4"],
  ] as const) {
    write({ "function/handler.js": text });
    folders.push(await build(image));
  }
  const nowMs = Date.now();
  const hourAgo = new Date(nowMs - 3_700_000);
  for (const folder of [folders[0]!, folders[2]!, folders[3]!]) utimesSync(folder, hourAgo, hourAgo);
  await removeOldBuilds(home, nowMs);
  // The first was replaced long ago; the second is young; the others belong to images.
  assert.deepEqual(
    folders.map((folder) => existsSync(folder)),
    [false, true, true, true],
  );
  await removeOldBuilds(join(home, "nowhere"), nowMs);
});
