/** What the first two lines of the README promise, on the oldest and the newest Node.js that it names. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { NODE_VERSIONS, nodeProgram } from "#test/support/peer-node.mjs";
import { executable, onPath } from "#test/support/peer-tools.mjs";

/** The rooms that run anywhere, and what stands on nothing but them. */
const PURE = ["conformance", "core", "events", "evaluation", "load", "metrics", "policies", "rl", "sim"];
const MINUTES_MS = 60_000;

const testFiles = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => join("test", file))
  .sort();
const text = (file: string) => readFileSync(file, "utf8");

test("the oldest Node.js that is tried is the oldest that package.json and the README allow", () => {
  const { engines } = JSON.parse(text("package.json")) as { engines: { node: string } };
  assert.equal(engines.node, "^20.19.0 || ^22.13.0 || >=24");
  assert.equal(NODE_VERSIONS[0], "20.19.0");
  assert.match(text("README.md"), /Node\.js 20\.19 or later, 22\.13 or later, or any from 24 on/);
});

test("a file's own hooks close only what was opened (support/around.ts): none has a bare pair of them", () => {
  const bare = testFiles.filter((file) => /^before\(/m.test(text(file)) && /^after\(/m.test(text(file)));
  assert.deepEqual(bare, []);
});

for (const version of NODE_VERSIONS) {
  const node = nodeProgram(version);
  const skip = executable(node) ? false : `Node.js ${version} is not in .peers/ (test/support/peers.mjs)`;

  describe(`on Node.js ${version}`, { skip }, () => {
    test("npm installs what the lock file names: every package allows this Node", async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "replicant-door-"));
      t.after(() => rmSync(folder, { recursive: true }));
      for (const file of ["package.json", "package-lock.json", ".npmrc"]) copyFileSync(file, join(folder, file));
      const npm = process.env["npm_execpath"] ?? realpathSync(onPath("npm")!);
      // Nothing is fetched: the lock file has what each package asks for.
      await passes(t, node, [npm, "install", "--dry-run", "--offline"], { cwd: folder });
    });

    test("the pure rooms pass", { timeout: 15 * MINUTES_MS }, async (t) => {
      const files = testFiles.filter((file) => PURE.some((room) => file.startsWith(join("test", room, "/"))));
      const output = await passes(t, node, runner("--test-concurrency=1", ...files));
      const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1]);
      assert.ok(passed > 1_000, `only ${passed} tests passed`);
    });

    test("a name that no test has runs nothing, and breaks nothing", { timeout: 5 * MINUTES_MS }, async (t) => {
      const files = testFiles.filter((file) => /^around\(/m.test(text(file)));
      assert.ok(files.length >= 4);
      await passes(t, node, runner("--test-name-pattern=^no test has this name$", ...files));
    });
  });
}

function runner(...words: readonly string[]): string[] {
  return ["--import", "tsx", "--test", "--test-reporter=tap", ...words];
}

/** What a program printed; it must end with 0, and it ends with the test. */
async function passes(
  t: TestContext,
  program: string,
  words: readonly string[],
  { cwd = process.cwd() } = {},
): Promise<string> {
  // A test runner inside a test would report to the outer one.
  const { NODE_TEST_CONTEXT: _outer, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const failed = output.split("\n").filter((line) => /^\s*not ok|error:|npm error/.test(line));
  assert.equal(code, 0, `${words.slice(0, 4).join(" ")} … ended with ${code}:\n${failed.slice(0, 20).join("\n")}`);
  return output;
}
