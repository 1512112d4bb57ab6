/** The bus of the local platform: chosen, started, kept running, ended. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { build } from "esbuild";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { BUS_ACCOUNTS } from "#shared/events/bus-logins.ts";
import { startBus, type LocalBus, type LocalBusOptions } from "#services/local-openfaas/bus/bus.ts";
import { recall, remember } from "#services/local-openfaas/bus/memory-of-home.ts";
import { startNatsServer } from "#services/local-openfaas/bus/nats-server.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { startGuardian, type Guardian } from "#services/local-openfaas/provider/guardian.ts";
import { aModelEvent, numberOf } from "#test/support/an-event.ts";
import { around } from "#test/support/around.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms } from "#test/support/nats-server.ts";

let dist: string;
/** So that no server outlives a test run that is killed. */
let guardian: Guardian;
around(
  async () => {
    guardian = await startGuardian(() => {});
    dist = await mkdtemp(join(tmpdir(), "replicant-dist-"));
    await build({
      entryPoints: [join(import.meta.dirname, "../../../services/local-openfaas/bus/broker-main.ts")],
      outfile: join(dist, "services/local-openfaas/broker.cjs"),
      ...{ bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" },
    });
  },
  async () => {
    await guardian.close();
    await rm(dist, { recursive: true, force: true });
  },
);

async function aHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "replicant-home-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  return home;
}

async function aBus(t: TestContext, options: Partial<LocalBusOptions> = {}) {
  const lines: string[] = [];
  const bus = await startBus({
    ...{ home: options.home ?? (await aHome(t)), dist, guardian, env: {}, findProgram: () => null },
    log: (line) => void lines.push(line),
    ...options,
  });
  t.after(() => bus.close());
  return { bus, lines };
}

const asAdmin = ({ url, passwords }: LocalBus) => ({
  ...{ servers: url, user: "admin", password: passwords!.admin, name: "test" },
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** No password must be readable by other users: neither as an argument nor in the environment. */
async function commandAndEnvironment(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8")) + (await readFile(`/proc/${pid}/environ`, "utf8"));
}

const kinds = [
  { name: "built-in", kind: "built-in", delivery: "core", findProgram: () => null },
  ...natsPrograms().map(({ name, program }) => ({
    ...{ name, kind: "nats-server", delivery: "jetstream", findProgram: () => program },
  })),
] as const;

for (const { name, kind, delivery, findProgram } of kinds) {
  test(`bus, ${name}: takes each user with its password, and nobody else`, async (t) => {
    const { bus } = await aBus(t, { findProgram });
    assert.equal(bus.kind, kind);
    assert.match(bus.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(bus.describe().includes(bus.url));
    const { trainer } = bus.passwords!;
    assert.ok(trainer.length >= 32 && !bus.describe().includes(trainer));
    assert.equal(new Set(Object.values(bus.passwords!)).size, BUS_ACCOUNTS.length);
    for (const [user, password] of Object.entries(bus.passwords!)) {
      const client = await natsBus({ servers: bus.url, user, password, name: "test" });
      t.after(() => client.close());
      assert.equal(client.delivery, delivery);
      const wrong = { servers: bus.url, user, password: user === "trainer" ? bus.passwords!.scaler : trainer };
      await assert.rejects(natsBus({ ...wrong, name: "stranger" }), { name: "BusRefusedError" });
    }
    await assert.rejects(natsBus({ servers: bus.url, name: "stranger" }), { name: "BusRefusedError" });
    if (process.platform === "linux") {
      assert.ok(!(await commandAndEnvironment(bus.pid!)).includes(trainer));
    }
  });

  test(`bus, ${name}: killed, it is back on the same port with the same users`, async (t) => {
    const watched = new Set<number>();
    const watcher = {
      watch: (pid: number) => void watched.add(pid),
      release: (pid: number) => void watched.delete(pid),
    };
    const { bus, lines } = await aBus(t, { findProgram, guardian: watcher });
    const client = await natsBus({ ...asAdmin(bus), publishTimeoutMs: 30_000 });
    t.after(() => client.close());
    const heard: number[] = [];
    await client.subscribe("model", async (event) => void heard.push(numberOf(event)), { durable: "test" });
    const [url, pid] = [bus.url, bus.pid!];
    assert.deepEqual([...watched], [pid]);
    process.kill(pid, "SIGKILL");
    await eventually(() => bus.restarts === 1, { what: "the restart" });
    await client.publish(aModelEvent(1));
    await eventually(() => heard.length === 1, { what: "an event after the restart" });
    assert.equal(bus.url, url);
    assert.notEqual(bus.pid, pid);
    assert.deepEqual([...watched], [bus.pid]);
    assert.ok(
      lines.some((line) => /ended by SIGKILL; starting it again/.test(line)),
      lines.join("\n"),
    );
  });

  test(`bus, ${name}: closed, it leaves no process, and the next one has the same passwords and port`, async (t) => {
    const home = await aHome(t);
    const first = await startBus({ home, dist, guardian, env: {}, findProgram });
    const { passwords, url, pid } = first;
    await first.close();
    assert.ok(!isAlive(pid!));
    assert.equal(first.pid, null);
    assert.equal((await stat(join(home, "bus/bus.json"))).mode & 0o777, 0o600);
    const { bus } = await aBus(t, { home, findProgram });
    assert.deepEqual([bus.passwords, bus.url], [passwords, url]);
  });
}

test("bus: takes another port when its own is in use", async (t) => {
  const home = await aHome(t);
  const first = await startBus({ home, dist, env: {}, findProgram: () => null });
  await first.close();
  const squatter = createServer().listen(Number(new URL(first.url).port), "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  t.after(() => void squatter.close());
  const { bus } = await aBus(t, { home });
  assert.notEqual(bus.url, first.url);
  assert.deepEqual(bus.passwords, first.passwords);
});

test("bus: NATS_URL comes first, and its credentials are not shown", async (t) => {
  const env = { NATS_URL: "nats://me:hush@nats.example:4222,tls://hush@other.example", NATS_TOKEN: "also-hush" };
  const { bus } = await aBus(t, { env, findProgram: () => "/bin/false" });
  assert.deepEqual(
    { kind: bus.kind, url: bus.url, token: bus.token, pid: bus.pid },
    { kind: "external", url: env.NATS_URL, token: "also-hush", pid: null },
  );
  assert.equal(bus.describe(), "NATS at nats://nats.example:4222,tls://other.example (from NATS_URL)");
});

for (const { name, script, says } of [
  {
    name: "ends at once",
    script: "echo '[1] [FTL] no such thing' >&2; exit 3",
    says: /ended with code 3: no such thing/,
  },
  { name: "cannot be started", script: null, says: /ENOENT|EACCES/ },
]) {
  test(`bus: a nats-server that ${name} is passed over`, async (t) => {
    const home = await aHome(t);
    const program = join(home, "nats-server");
    if (script !== null) await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { bus, lines } = await aBus(t, { home, findProgram: () => program });
    assert.equal(bus.kind, "built-in");
    assert.match(lines.join("\n"), /nats-server cannot be used \(.*\); taking the built-in broker/);
    assert.match(lines.join("\n"), says);
  });
}

test("bus: says so when there is no bus to be had", async (t) => {
  await assert.rejects(startBus({ home: await aHome(t), dist: "/nowhere", env: {}, findProgram: () => null }), {
    message: /^the built-in broker ended with code 1: /,
  });
});

test("bus: the built-in broker ends with the process that started it", async (t) => {
  const parent = spawn(process.execPath, ["-e", PARENT, join(dist, "services/local-openfaas/broker.cjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (text) => resolve(Number(text))));
  assert.ok(isAlive(pid));
  parent.kill("SIGKILL");
  await eventually(() => !isAlive(pid), { what: "the broker ends" });
});

/** Starts the broker, reports its pid when it listens, and waits to be killed. */
const PARENT = `
  const broker = require("node:child_process").spawn(process.execPath, [process.argv[1]], { stdio: ["pipe", "pipe", "inherit"] });
  broker.stdin.write(JSON.stringify({ port: 0 }) + "\\n");
  broker.stdout.once("data", () => console.log(broker.pid));
  setInterval(() => {}, 1000);
`;

const [program] = natsPrograms();
const skip = program ? false : "no nats-server here";
test("bus: a server left behind by a killed process is ended first", { skip }, async (t) => {
  const home = await aHome(t);
  const folder = join(home, "bus");
  const findProgram = () => program!.program;
  const { passwords } = await recall(folder);
  const port = await freePort(null);
  const lost = await startNatsServer({
    ...{ program: findProgram(), folder, port, authorization: "" },
    log: () => {},
  });
  guardian.watch(lost.pid);
  t.after(() => lost.stop());

  await remember(folder, { passwords, port, pid: lost.pid, ownerPid: process.ppid });
  await assert.rejects(startBus({ home, dist, env: {}, findProgram }), {
    message: `the bus in '${folder}' is in use by process ${process.ppid}`,
  });
  assert.ok(isAlive(lost.pid));

  // An owner that is no more: numbers end before this one.
  await remember(folder, { passwords, port, pid: lost.pid, ownerPid: 2 ** 22 + 1 });
  const { bus, lines } = await aBus(t, { home, findProgram });
  await lost.ended;
  assert.equal(lines[0], `ending nats-server ${lost.pid}, left behind by process ${2 ** 22 + 1}`);
  assert.deepEqual([bus.passwords, bus.url], [passwords, `nats://127.0.0.1:${port}`]);
});
