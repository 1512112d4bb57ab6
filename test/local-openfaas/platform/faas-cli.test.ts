/** The real `faas-cli` against the platform, command by command. Skipped with one line where it is not on PATH. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import { startTestPlatform } from "#test/support/platform.ts";

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const skip = onPath("faas-cli") ? false : "faas-cli is not on PATH";

interface Ran {
  readonly code: number;
  /** stdout and stderr. */
  readonly text: string;
}

interface Faas {
  (args: readonly string[], input?: string): Promise<Ran>;
  readonly env: NodeJS.ProcessEnv;
}

/** faas-cli in a folder of its own, so that it neither reads nor changes the user's login. */
async function faasCli(t: TestContext, gateway: string): Promise<Faas> {
  const folder = await mkdtemp(join(tmpdir(), "faas-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  // With CI=true it would keep its login in ./.openfaas whatever OPENFAAS_CONFIG says.
  const env = { PATH: process.env["PATH"], HOME: folder, OPENFAAS_CONFIG: folder, OPENFAAS_URL: gateway };
  const run = (args: readonly string[], input?: string) =>
    new Promise<Ran>((resolve) => {
      const child = execFile("faas-cli", args, { cwd: folder, env, timeout: 120_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr }),
      );
      child.stdin!.end(input ?? "");
    });
  return Object.assign(run, { env });
}

/** A command that goes on until it is stopped. */
function follow(args: readonly string[], env: NodeJS.ProcessEnv): { text(): string; stop(): void } {
  const child = spawn("faas-cli", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  return { text: () => text, stop: () => void child.kill() };
}

const echo = `module.exports = async (event, context) => {
  console.log("called with " + event.body);
  return context.status(200).succeed("echo: " + event.body);
};`;

test("faas-cli: every command that works without docker succeeds", { skip }, async (t) => {
  const { platform, image, home } = await startTestPlatform(t, { callbackHosts: ["127.0.0.1"] });
  const faas = await faasCli(t, platform.url);
  const succeeds = async (args: readonly string[], input?: string) => {
    const ran = await faas(args, input);
    assert.equal(ran.code, 0, `faas-cli ${args.join(" ")}: ${ran.text}`);
    return ran.text;
  };
  const calls = await callbackReceiver(t);
  await image("echo", echo);

  const denied = await faas(["login", "--username", platform.user, "--password-stdin"], "wrong");
  assert.notEqual(denied.code, 0);
  assert.match(denied.text, /unable to login|unauthorized|401/i);
  assert.match(await succeeds(["login", "--username", platform.user, "--password-stdin"], platform.password), /saved/);

  const version = await succeeds(["version", "--warn-update=false"]);
  assert.match(version, /local-openfaas/);
  assert.match(version, /processes/);
  assert.match(await succeeds(["ready", "--attempts", "5"]), /ready/i);
  assert.match(await succeeds(["namespace", "list"]), /openfaas-fn/);
  assert.match(await succeeds(["namespace", "get", "openfaas-fn"]), /openfaas-fn/);

  assert.match(await succeeds(["secret", "create", "token", "--from-literal=one"]), /Created|201/);
  // It says so and ends with 0, against the real gateway as well.
  assert.match(await succeeds(["secret", "create", "token", "--from-literal=two"]), /already exists/);
  assert.match(await succeeds(["secret", "update", "token", "--from-literal=two"]), /Updated|200/);
  assert.match(await succeeds(["secret", "list"]), /token/);

  const deploy = ["deploy", "--name", "echo", "--image", "example/echo:1", "--secret", "token", "--env", "a=b"];
  const offline = ["--read-template=false", "--label", "tier=gold", "--annotation", "topic=t", "--cpu-limit", "500m"];
  assert.match(await succeeds([...deploy, ...offline]), /Deployed\. 202/);
  assert.match(await succeeds(["ready", "echo", "--attempts", "20"]), /ready/i);
  assert.match(await succeeds([...deploy, ...offline]), /Deployed\. 202/, "a second deploy updates");
  assert.match(await succeeds(["ready", "echo", "--attempts", "20"]), /ready/i);
  assert.match(await succeeds([...deploy, ...offline, "--replace", "--update=false"]), /Deployed\. 202/);
  assert.match(await succeeds(["ready", "echo", "--attempts", "20"]), /ready/i);

  const stack = `version: 1.0\nprovider: {name: openfaas, gateway: ${platform.url}}
functions:
  echo-two: {lang: node22, handler: ./echo, image: "example/echo:1", skip_build: true, fprocess: node index.js}\n`;
  await writeFile(join(home, "stack.yml"), stack);
  assert.match(await succeeds(["deploy", "-f", join(home, "stack.yml"), "--read-template=false"]), /Deployed\. 202/);

  assert.equal(await succeeds(["invoke", "echo"], "hello"), "echo: hello");
  assert.match(await succeeds(["list"]), /echo\s+1\s+1/);
  const described = await succeeds(["describe", "echo"]);
  assert.match(described, /Status:\s+Ready/);
  assert.match(described, /Invocations:\s+1/);
  assert.match(described, /example\/echo:1/);
  assert.notEqual((await faas(["describe", "nobody"])).code, 0);

  await succeeds(["invoke", "echo", "--async", "-H", `X-Callback-Url: ${calls.url}`], "later");
  await eventually(() => calls.bodies.includes("echo: later"), { what: "the callback of the asynchronous call" });

  // An answer may overtake the line that was logged before it: they take different pipes.
  const logged = (text: RegExp, ...more: string[]) =>
    eventually(async () => text.test(await succeeds(["logs", "echo", "--tail=false", ...more])), {
      ...{ timeoutMs: 30_000, what: `a line like ${text}` },
    });
  await logged(/called with hello/);
  await logged(/called with later/, "--since=1h", "--lines=100");

  const followed = follow(["logs", "echo", "--since=1h"], faas.env);
  t.after(() => followed.stop());
  const long = { timeoutMs: 30_000 };
  await eventually(() => followed.text().includes("called with later"), { ...long, what: "what was logged before" });
  await succeeds(["invoke", "echo"], "while followed");
  await eventually(() => followed.text().includes("called with while followed"), {
    ...long,
    what: "what is logged now",
  });
  followed.stop();

  assert.match(await succeeds(["remove", "echo"]), /Remov/);
  assert.notEqual((await faas(["remove", "echo"])).code, 0, "what is gone cannot be removed");
  await succeeds(["remove", "-f", join(home, "stack.yml")]);
  assert.doesNotMatch(await succeeds(["list"]), /echo/);
  assert.match(await succeeds(["secret", "remove", "token"]), /Removed|200/);
});

async function callbackReceiver(t: TestContext): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies };
}
