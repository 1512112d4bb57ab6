/** However the platform ends, nothing that it has started stays. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { eventually } from "#test/support/eventually.ts";
import { bundleRuntime, isAlive, temporaryFolder, writeFunction } from "#test/support/local-openfaas/provider.ts";

const PARENT = new URL("../../support/local-openfaas/parent.ts", import.meta.url).pathname;

for (const { name, limits, source } of [
  { name: "idle replicas in cgroups", limits: "auto", source: `module.exports = async () => "x"` },
  { name: "idle replicas without cgroups", limits: "none", source: `module.exports = async () => "x"` },
  {
    // Neither can notice that the channel to the parent is closed: only the guardian ends them.
    name: "replicas that hang",
    limits: "none",
    source: `module.exports = async () => { process.stdout.write("hanging\\n"); for (;;); }`,
  },
]) {
  test(`a SIGKILL of the platform leaves no process: ${name}`, async (t) => {
    const folder = await temporaryFolder(t);
    const runtime = await bundleRuntime(folder);
    const functionFolder = await writeFunction(join(folder, "function"), source);
    const parent = spawn(
      process.execPath,
      ["--import", "tsx", PARENT, join(folder, "home"), runtime, functionFolder, limits],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    t.after(() => parent.kill("SIGKILL"));
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const told = JSON.parse(line.toString()) as { guardian: number; replicas: { pid: number; port: number }[] };
    const pids = [told.guardian, ...told.replicas.map(({ pid }) => pid)];
    for (const pid of pids) assert.equal(await isAlive(pid), true);
    if (name.includes("hang")) {
      for (const { port } of told.replicas) fetch(`http://127.0.0.1:${port}/`).catch(() => {});
      await eventually(() => allBusy(told.replicas), { what: "replicas that hang" });
    }

    const copies = join(folder, "home", "run", String(parent.pid));
    assert.equal((await readdir(copies)).length, 2);
    parent.kill("SIGKILL");
    for (const pid of pids) {
      await eventually(async () => !(await isAlive(pid)), { what: `the end of process ${pid}`, timeoutMs: 20_000 });
    }
    assert.deepEqual(await cgroupFoldersOf(parent.pid!), []);
    await assert.rejects(readdir(copies), { code: "ENOENT" }, "copies of secrets");
    assert.deepEqual(await readdir(join(folder, "home", "secrets")), ["api-key"]);
  });
}

test("a released pid is not killed, a watched one is, with its group", async (t) => {
  const warnings: string[] = [];
  const guardian = await startGuardian((text) => warnings.push(text));
  const sleepers = await Promise.all([0, 1].map(() => startSleeper()));
  t.after(() => sleepers[0]!.child.kill("SIGKILL"));
  for (const { child } of sleepers) guardian.watch(child.pid!);
  guardian.release(sleepers[0]!.child.pid!);
  await guardian.close();
  await eventually(async () => !(await isAlive(sleepers[1]!.child.pid!)), { what: "the end of the watched" });
  await eventually(async () => !(await isAlive(sleepers[1]!.inner)), { what: "the end of its child" });
  assert.equal(await isAlive(sleepers[0]!.child.pid!), true);
  process.kill(-sleepers[0]!.child.pid!, "SIGKILL");
  assert.deepEqual(warnings, []);
});

test("a guardian that is killed comes back and still knows whom it watches", async () => {
  const warnings: string[] = [];
  const guardian = await startGuardian((text) => warnings.push(text));
  const { child } = await startSleeper();
  guardian.watch(child.pid!);
  const first = guardian.pid!;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(first, signal); // a terminal's; ignored
  process.kill(first, "SIGKILL");
  await eventually(() => guardian.pid !== first, { what: "another guardian" });
  assert.deepEqual(warnings, ["the guardian ended and was started again"]);
  await guardian.close();
  await eventually(async () => !(await isAlive(child.pid!)), { what: "the end of the watched" });
});

/** A group of two processes. */
async function startSleeper() {
  const child = spawn("/bin/sh", ["-c", "sleep 600 & echo $!; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, inner: Number(line.toString()) };
}

async function allBusy(replicas: readonly { port: number }[]): Promise<boolean> {
  const answers = replicas.map(({ port }) =>
    fetch(`http://127.0.0.1:${port}/_/health`, { signal: AbortSignal.timeout(200) }).then(
      () => false,
      () => true,
    ),
  );
  return (await Promise.all(answers)).every(Boolean);
}

async function cgroupFoldersOf(pid: number): Promise<readonly string[]> {
  const found: string[] = [];
  const look = async (folder: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory()) continue;
      if (entry.name === `replicant-${pid}`) found.push(join(folder, entry.name));
      else if (depth > 0) await look(join(folder, entry.name), depth - 1);
    }
  };
  await look("/sys/fs/cgroup", 4);
  return found;
}
