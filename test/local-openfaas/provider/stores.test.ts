/** Secrets, images, deployments and the lock: what the platform's home holds. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { BadInputError } from "#shared/core/errors.ts";
import { lockHome } from "#services/local-openfaas/provider/home-lock.ts";
import { createImageStore } from "#services/local-openfaas/provider/images.ts";
import { createSecretStore, requireSecrets } from "#services/local-openfaas/provider/secrets.ts";
import { eventually } from "#test/support/eventually.ts";
import {
  call,
  startProvider,
  temporaryFolder,
  whenAvailable,
  writeFunction,
} from "#test/support/local-openfaas/provider.ts";

const HELLO = `module.exports = async () => "hello"`;
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const badInput = (message: RegExp) => (thrown: unknown) =>
  thrown instanceof BadInputError && message.test(thrown.message);

test("secrets: create, read, update, remove, each once", async (t) => {
  const home = await temporaryFolder(t);
  const secrets = createSecretStore(home);
  assert.deepEqual(await secrets.list(), []);
  assert.equal(await secrets.create("replicant-key", "k1"), true);
  assert.equal(await secrets.create("replicant-key", "k2"), false);
  assert.equal(String(await secrets.get("replicant-key")), "k1");
  assert.equal(await secrets.update("replicant-key", Buffer.from([0, 255])), true);
  assert.deepEqual(await secrets.get("replicant-key"), Buffer.from([0, 255]));
  assert.equal(await secrets.update("other", "x"), false);
  assert.equal(await secrets.get("other"), undefined);
  await secrets.create("a.b", "");
  assert.deepEqual(await secrets.list(), ["a.b", "replicant-key"]);
  assert.equal(await modeOf(join(home, "secrets")), "700");
  assert.equal(await modeOf(join(home, "secrets", "replicant-key")), "600");
  assert.equal(await secrets.remove("replicant-key"), true);
  assert.equal(await secrets.remove("replicant-key"), false);
});

test("secrets: a name that looks like a temporary file's is a name like any other", async (t) => {
  const secrets = createSecretStore(await temporaryFolder(t));
  for (const name of ["x.tmp", "x", "x.0a1b2c3d.tmp"]) assert.equal(await secrets.create(name, "v"), true);
  assert.equal(await secrets.update("x", "w"), true);
  assert.deepEqual(await secrets.list(), ["x", "x.0a1b2c3d.tmp", "x.tmp"]);
  await requireSecrets(secrets, ["x.tmp"]);
});

test("secrets: of many who create one at a time, one wins", async (t) => {
  const secrets = createSecretStore(await temporaryFolder(t));
  const won = await Promise.all([1, 2, 3, 4].map((value) => secrets.create("key", String(value))));
  assert.equal(won.filter(Boolean).length, 1);
});

for (const name of ["", "..", "../passwd", "a/b", "A", ".hidden", "a..b", "-a", "a-", "a\0", "a".repeat(300)]) {
  test(`secrets: the name ${JSON.stringify(name.slice(0, 12))} is refused`, async (t) => {
    const secrets = createSecretStore(await temporaryFolder(t));
    for (const attempt of [
      secrets.get(name),
      secrets.create(name, "x"),
      secrets.update(name, "x"),
      secrets.remove(name),
    ]) {
      await assert.rejects(attempt, badInput(/^a secret's name must be/));
    }
  });
}

test("a function is given the secrets it lists, and no others", async (t) => {
  const setup = await startProvider(t);
  const secrets = createSecretStore(setup.home);
  await secrets.create("api-key", "s3cret");
  await secrets.create("other", "not for it");
  await setup.deploy(
    "app",
    `const fs = require("node:fs"), path = process.env.secret_mount_path;
     module.exports = async () => fs.readdirSync(path).map((name) => name + "=" + fs.readFileSync(path + "/" + name, "utf8"))`,
    { secrets: ["api-key"] },
  );
  const [replica] = await whenAvailable(setup, "app", 1);
  assert.equal((await call(replica!)).text, '["api-key=s3cret"]');
  const folder = join(setup.home, "run", String(process.pid), replica!.id, "secrets");
  assert.equal(await modeOf(folder), "700");
  assert.equal(await modeOf(join(folder, "api-key")), "600");
  setup.provider.scale("app", 0);
  await eventually(async () => (await readdir(join(setup.home, "run", String(process.pid)))).length === 0, {
    what: "no secret left",
  });
});

test("a home that is given relative to here is the same for replicas elsewhere", async (t) => {
  const home = join(await temporaryFolder(t), "home");
  await createSecretStore(home).create("api-key", "s3cret");
  const setup = await startProvider(t, { home: relative(process.cwd(), home) });
  await setup.deploy(
    "app",
    `module.exports = async () => require("node:fs").readFileSync(process.env.secret_mount_path + "/api-key", "utf8")`,
    { secrets: ["api-key"] },
  );
  const [replica] = await whenAvailable(setup, "app", 1);
  assert.equal((await call(replica!)).text, "s3cret");
});

for (const { name, more, message } of [
  {
    name: "an unknown image",
    more: { image: "nobody/made:this" },
    message: /^image 'nobody\/made:this' is not known here: build it first$/,
  },
  {
    name: "a missing secret",
    more: { secrets: ["nowhere"] },
    message: /^secret 'nowhere' does not exist: create it first$/,
  },
  {
    name: "a bad CPU limit",
    more: { limits: { cpu: "lots" } },
    message: /^limits\.cpu must be a CPU quantity .* was: 'lots'$/,
  },
  { name: "a bad memory limit", more: { limits: { memory: "128MB" } }, message: /^limits\.memory .* was: '128MB'$/ },
  { name: "a bad timeout", more: { envVars: { exec_timeout: "soon" } }, message: /^exec_timeout must be a duration/ },
  {
    name: "a bad name",
    more: { service: "My_Function" },
    message: /^a function's name must be .* was: 'My_Function'$/,
  },
  {
    name: "a bad minimum",
    more: { labels: { "com.openfaas.scale.min": "few" } },
    message: /^label com\.openfaas\.scale\.min must be/,
  },
]) {
  test(`deploy: ${name} is refused in one sentence, and nothing stays`, async (t) => {
    const setup = await startProvider(t);
    await assert.rejects(setup.deploy("app", HELLO, more), badInput(message));
    assert.deepEqual(setup.provider.list(), []);
    await assert.rejects(stat(join(setup.home, "functions", "app.json")));
  });
}

for (const { name, labels, annotations, want } of [
  { name: "one by default", want: 1 },
  { name: "the label", labels: { "com.openfaas.scale.min": "2" }, want: 2 },
  { name: "zero by label alone is one", labels: { "com.openfaas.scale.min": "0" }, want: 1 },
  {
    name: "zero by label and annotation",
    labels: { "com.openfaas.scale.min": "0" },
    annotations: { "replicant.min": "0" },
    want: 0,
  },
  { name: "zero by annotation alone is one", annotations: { "replicant.min": "0" }, want: 1 },
]) {
  test(`deploy: the first count is ${name}`, async (t) => {
    const setup = await startProvider(t);
    await setup.deploy("app", HELLO, { labels, annotations });
    assert.equal(setup.provider.get("app")?.desiredReplicas, want);
  });
}

test("images: a bundle's folder and a docker build context both run", async (t) => {
  const setup = await startProvider(t);
  const images = createImageStore(setup.home);
  const context = join(await temporaryFolder(t), "build", "app");
  await writeFunction(join(context, "function"), `module.exports = async () => process.cwd()`);
  await images.register("registry.example.com:5000/team/app:1.0@sha256:abc", context);
  await setup.provider.deploy({ service: "app", image: "registry.example.com:5000/team/app:1.0@sha256:abc" });
  const [replica] = await whenAvailable(setup, "app", 1);
  assert.equal((await call(replica!)).text, context);
});

test("images: what is no function, or no longer one, is refused", async (t) => {
  const home = await temporaryFolder(t);
  const images = createImageStore(home);
  await assert.rejects(
    images.register("a/b", home),
    badInput(/^image 'a\/b' needs a handler\.js or function\/handler\.js in \//),
  );
  const folder = await writeFunction(join(home, "fn"), HELLO);
  await images.register("a/b", folder);
  assert.equal((await images.resolve("a/b")).handlerPath, join(folder, "handler.js"));
  await rm(folder, { recursive: true });
  await assert.rejects(images.resolve("a/b"), badInput(/^image 'a\/b' has lost its handler/));
});

test("a restart restores what was deployed, with its count", async (t) => {
  const first = await startProvider(t);
  await first.deploy("app", HELLO, { envVars: { A: "1" } });
  first.provider.scale("app", 2);
  await whenAvailable(first, "app", 2);
  const { createdAtMs } = first.provider.get("app")!;
  await first.deploy("removed", HELLO);
  await first.provider.remove("removed");
  await first.provider.close();

  const second = await startProvider(t, { home: first.home });
  const restored = second.provider.get("app")!;
  assert.equal(restored.createdAtMs, createdAtMs);
  assert.equal(restored.desiredReplicas, 2);
  assert.deepEqual(restored.deployment.envVars, { A: "1" });
  await whenAvailable(second, "app", 2);
  assert.deepEqual(
    second.provider.list().map(({ deployment }) => deployment.service),
    ["app"],
  );
  assert.deepEqual(second.warnings, []);
  await second.provider.close();

  const third = await startProvider(t, { home: first.home, restore: false });
  assert.deepEqual(third.provider.list(), []);
});

test("a restart leaves out what cannot be read or run, says so, and goes on", async (t) => {
  const first = await startProvider(t);
  await first.deploy("good", HELLO);
  await first.deploy("homeless", HELLO);
  await first.provider.close();
  await writeFile(join(first.home, "functions", "cut.json"), '{"deployment": {"serv');
  await writeFile(join(first.home, "functions", "other.json"), '{"deployment": {"service": "x", "image": "y"}}');
  await createImageStore(first.home).register(
    "example/homeless:1",
    await writeFunction(join(first.home, "lost"), HELLO),
  );
  await rm(join(first.home, "lost"), { recursive: true });

  const second = await startProvider(t, { home: first.home });
  await whenAvailable(second, "good", 1);
  assert.deepEqual(
    second.provider.list().map(({ deployment }) => deployment.service),
    ["good"],
  );
  assert.equal(second.warnings.length, 3);
  assert.match(second.warnings[0]!, /functions\/cut\.json is left out: .*JSON/);
  assert.match(second.warnings[1]!, /functions\/other\.json is left out: it holds no deployment of 'other'/);
  assert.match(
    second.warnings[2]!,
    /^function 'homeless' is not restored: image 'example\/homeless:1' has lost its handler/,
  );
});

test("the last of many scale calls is the one that is stored", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("app", HELLO, {
    labels: { "com.openfaas.scale.min": "0" },
    annotations: { "replicant.min": "0" },
  });
  for (const count of [1, 2, 3, 2, 1, 0]) setup.provider.scale("app", count);
  const stored = async () =>
    (JSON.parse(await readFile(join(setup.home, "functions", "app.json"), "utf8")) as { desiredReplicas: number })
      .desiredReplicas;
  setup.provider.scale("app", 3);
  await eventually(async () => (await stored()) === 3, { what: "3 on disk" });
  await setup.provider.close();
  assert.deepEqual((await readdir(join(setup.home, "functions"))).sort(), ["app.json"], "no half-written file");
});

test("home lock: one living platform at a time, a dead one's home is free", async (t) => {
  const home = await temporaryFolder(t);
  await mkdir(home, { recursive: true });
  const other = spawn("sleep", ["60"]);
  t.after(() => other.kill("SIGKILL"));
  const startTicks = async (pid: number) => {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  };
  await writeFile(join(home, "provider.lock"), `${other.pid} ${await startTicks(other.pid!)}\n`);
  await assert.rejects(lockHome(home), badInput(new RegExp(`is in use by the platform with process id ${other.pid}$`)));
  await writeFile(join(home, "provider.lock"), `${other.pid} 1\n`); // the number, but not the process
  await (
    await lockHome(home)
  )();
  await writeFile(join(home, "provider.lock"), "no number at all");
  await (
    await lockHome(home)
  )();
});
