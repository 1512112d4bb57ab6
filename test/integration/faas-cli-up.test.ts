/** `faas-cli up` against the local platform on a machine without Docker: the real faas-cli, and the docker stand-in as it calls it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { readOwnLogin } from "#shared/live/own-logins.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import type { Applied } from "#shared/core/decision.ts";
import { findOnPath } from "#services/local-openfaas/bus/program.ts";
import { readStack } from "#shared/deploy/stack.ts";
import { commandLine, type CommandLine } from "#test/support/command-line.ts";
import { eventually } from "#test/support/eventually.ts";

const skip = findOnPath("faas-cli", process.env["PATH"] ?? "") ? false : "faas-cli is not on PATH";

interface Shell {
  /** Runs words of a shell after `eval "$(replicant env)"`; fails the test when they fail. Answers with all they printed. */
  (script: string): Promise<string>;
}

/** A shell of a user who works in `folder`. Whatever Docker this machine has is not used. */
function shellIn(folder: string, { env }: CommandLine): Shell {
  const program = join(process.cwd(), "dist/services/cli/main.cjs");
  return async (script) => {
    const whole = `set -e\neval "$('${process.execPath}' '${program}' env --stand-in)"\n${script}\n`;
    const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
      const user = { ...env, HOME: folder };
      execFile("sh", ["-c", whole], { cwd: folder, env: user, timeout: 120_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr }),
      );
    });
    assert.equal(code, 0, text);
    return text;
  };
}

function userFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "user-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("env: says so when no platform runs, and prints nothing to evaluate", async (t) => {
  const { run, home } = commandLine(t);
  const { code, stdout, stderr } = await run("env");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.equal(
    stderr,
    `replicant: no platform runs from ${home}: start one with 'replicant up' or 'replicant platform'\n`,
  );
});

test("env: a platform that was killed is not taken for a running one", async (t) => {
  const { run, home } = commandLine(t);
  const platformUrl = "http://127.0.0.1:9";
  writeFileSync(join(home, "running.json"), JSON.stringify({ url: platformUrl, platformUrl, variables: {} }));
  const { code, stdout, stderr } = await run("env");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^replicant: the platform of .* does not answer at http:\/\/127\.0\.0\.1:9 any more: /);
});

test("the docker stand-in, called as faas-cli calls it: what was built is what runs", async (t) => {
  const line = commandLine(t);
  const { running } = await line.start("platform", "--port", "0");
  const folder = userFolder(t);
  const shell = shellIn(folder, line);
  const printed = await shell("docker --version");
  assert.match(printed, /wrote .*template\/node22, Replicant's own node22 template, as there was none/);
  assert.doesNotMatch(await shell("docker --version"), /wrote/, "once is enough");

  const context = join(folder, "build", "echo");
  cpSync(join(folder, "template", "node22"), context, { recursive: true });
  await shell(`cd build/echo && docker build --build-arg ADDITIONAL_PACKAGE= --tag local/echo:latest .`);
  await shell("docker push local/echo:latest");
  const password = readFileSync(join(line.home, "basic-auth-password"), "utf8");
  const deployed = await fetch(`${running.url}/system/functions`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
    body: JSON.stringify({ service: "echo", image: "local/echo:latest", envProcess: "node index.js" }),
  });
  assert.equal(deployed.status, 202);
  const answer = await fetch(`${running.url}/function/echo/deep`, { method: "POST", body: "hello" });
  assert.deepEqual(await answer.json(), { body: "hello", path: "/deep" });
});

test("faas-cli: new, up, build and publish of a user's own node function", { skip }, async (t) => {
  const line = commandLine(t);
  await line.start("platform", "--port", "0");
  const folder = userFolder(t);
  const shell = shellIn(folder, line);
  await shell("faas-cli new hello --lang node22 --quiet");
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, "hello", "greeting"), { recursive: true });
    writeFileSync(join(folder, "hello", name), text);
  };
  // A package that needs no network.
  write("greeting/package.json", '{"name":"greeting","version":"1.0.0"}');
  write("greeting/index.js", "module.exports = (name) => `hello ${name}`;");
  write("package.json", '{"name":"hello","dependencies":{"greeting":"file:./greeting"}}');
  write("handler.js", 'module.exports = async (event) => require("greeting")(event.body);');
  await shell("faas-cli up && faas-cli ready hello --attempts 20");
  assert.match(await shell("printf you | faas-cli invoke hello"), /hello you/);

  write("handler.js", 'module.exports = async () => "a second build";');
  await shell("faas-cli up && faas-cli ready hello --attempts 20");
  await eventually(async () => (await shell("printf you | faas-cli invoke hello")).includes("a second build"));
  await shell("faas-cli build --shrinkwrap");
  assert.ok(existsSync(join(folder, "build", "hello", "function", "handler.js")));
  await shell("faas-cli publish");
  assert.equal(statSync(join(line.home, "faas-cli", "config.yml")).mode & 0o777, 0o600);
});

test(
  "faas-cli up -f stack.yml beside a running up: every part is built and deployed anew, and the loop goes on",
  { skip },
  async (t) => {
    const line = commandLine(t);
    const { running, stop } = await line.start("up", "--port", "0", "--time-lapse", "10");
    const login = readOwnLogin(line.home, "cli");
    const bus = await natsBus({ servers: running.variables["REPLICANT_NATS_URL"]!, ...login, name: "test" });
    t.after(() => bus.close());
    const decisions: Applied[] = [];
    await bus.subscribe("applied", async ({ data }) => void decisions.push(data));
    const decided = async (count: number, sinceMs: number) =>
      eventually(() => decisions.filter(({ seq, atMs }) => seq !== null && atMs > sinceMs).length >= count, {
        ...{ timeoutMs: 60_000, what: `${count} decisions` },
      });
    await decided(1, 0);

    // From a folder of its own, so that the checkout gets no template/ and no build/.
    const folder = userFolder(t);
    cpSync("stack.yml", join(folder, "stack.yml"));
    for (const kind of ["functions", "services"]) {
      cpSync(join("dist", kind), join(folder, "dist", kind), { recursive: true });
    }
    const printed = await shellIn(folder, line)("faas-cli up -f stack.yml");
    for (const { name } of readStack("stack.yml", {})) {
      assert.match(printed, new RegExp(`Deploying: ${name}\\.\\s+Deployed\\. 202 Accepted\\.`));
    }
    const last = decisions.at(-1)!.atMs;
    await decided(3, last);
    // On a busy machine the models may be read after the first windows, which the rule then decides.
    await eventually(() => decisions.some(({ atMs, trigger }) => atMs > last && trigger === "proposal"), {
      ...{ timeoutMs: 120_000, what: "a decision on a proposal of the new policy-inference" },
    });
    assert.equal(await stop(), 0);
  },
);
