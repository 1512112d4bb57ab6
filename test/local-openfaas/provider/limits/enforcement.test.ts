/** CPU and memory limits hold for real, by whatever means this machine has, and without any privilege. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { LimitsChoice } from "#services/local-openfaas/provider/limits/limiter.ts";
import { eventually } from "#test/support/eventually.ts";
import {
  call,
  isAlive,
  startProvider,
  whenAvailable,
  type TestProvider,
} from "#test/support/local-openfaas/provider.ts";

/** Burns CPU in slices from the first call on. */
const BURN = `
  const slice = () => { const until = Date.now() + 5; while (Date.now() < until); setImmediate(slice); };
  module.exports = async () => { setImmediate(slice); return "burning"; };
  process.on("SIGTERM", () => process.exit(0));
`;

/** Holds ever more memory outside the JavaScript heap; every page is touched. */
const GROW = `
  const held = [];
  const grow = () => { held.push(Buffer.alloc(8 * 2 ** 20, 1)); setTimeout(grow, 5); };
  module.exports = async () => { grow(); return "growing"; };
`;

interface Measured {
  readonly cpuSeconds: number;
  readonly throttledPeriods: number | undefined;
  readonly atMs: number;
}

async function measure({ provider }: TestProvider): Promise<Measured> {
  const text = await provider.containerMetrics();
  const value = (name: string) => new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1];
  const throttled = value("container_cpu_cfs_throttled_periods_total");
  return {
    cpuSeconds: Number(value("container_cpu_usage_seconds_total")),
    throttledPeriods: throttled === undefined ? undefined : Number(throttled),
    atMs: performance.now(),
  };
}

for (const limits of ["auto", "duty-cycle"] as const satisfies readonly LimitsChoice[]) {
  test(`a busy replica limited to 100m uses about a tenth of a core (${limits})`, async (t) => {
    const setup = await startProvider(t, { limits });
    await setup.deploy("burn", BURN, { limits: { cpu: "100m" } });
    const [replica] = await whenAvailable(setup, "burn", 1);
    const before = await measure(setup);
    await call(replica!);
    const spanMs = 2_500;
    await eventually(() => performance.now() - before.atMs > spanMs, { what: "time to burn" });
    const after = await measure(setup);
    const usedCores = (after.cpuSeconds - before.cpuSeconds) / ((after.atMs - before.atMs) / 1_000);
    t.diagnostic(`${setup.provider.describeLimits()}: ${(usedCores * 100).toFixed(1)} % of a core`);
    assert.ok(usedCores > 0.05 && usedCores < 0.2, `used ${usedCores} cores`);
    if (after.throttledPeriods !== undefined) assert.ok(after.throttledPeriods > (before.throttledPeriods ?? 0));
    const { cpu } = setup.provider.get("burn")!.usage;
    assert.ok(cpu > 30 && cpu < 300, `usage says ${cpu} milli-CPU`);
  });

  test(`a replica over its memory limit is killed, reported and replaced (${limits})`, async (t) => {
    const setup = await startProvider(t, { limits });
    await setup.deploy("grow", GROW, { limits: { memory: "128Mi" } });
    const [replica] = await whenAvailable(setup, "grow", 1);
    await call(replica!);
    await eventually(() => replica!.state === "gone", { what: "the kill", timeoutMs: 20_000 });
    await whenAvailable(setup, "grow", 1);
    assert.ok((await setup.log("grow")).includes("replicant: crashed: out of memory: killed at its limit of 128Mi"));
    assert.match(await setup.provider.containerMetrics(), /^container_oom_events_total\{.*container="grow"\} 1$/m);
    assert.ok(setup.provider.get("grow")!.usage.totalMemoryBytes < 128 * 2 ** 20);
  });

  test(`start-up is throttled where that is wanted (${limits})`, async (t) => {
    const setup = await startProvider(t, { limits, throttleStart: true });
    await setup.deploy("app", `module.exports = async () => "x"`, { limits: { cpu: "50m" } });
    const [replica] = await whenAvailable(setup, "app", 1);
    const { cpuSeconds } = await measure(setup);
    const startSeconds = (replica!.readyAtMs! - replica!.startedAtMs) / 1_000;
    t.diagnostic(`${cpuSeconds.toFixed(3)} s of CPU in ${startSeconds} s`);
    assert.ok(cpuSeconds / startSeconds < 0.2, `${cpuSeconds} s of CPU in ${startSeconds} s`);
  });

  test(`a throttled replica receives the signal to end (${limits})`, async (t) => {
    const setup = await startProvider(t, { limits });
    await setup.deploy("burn", BURN, { limits: { cpu: "20m" } });
    const [replica] = await whenAvailable(setup, "burn", 1);
    await call(replica!);
    setup.provider.scale("burn", 0);
    await eventually(async () => !(await isAlive(replica!.pid)), { what: "the end" });
    await eventually(async () => (await setup.log("burn")).includes("replicant: stopped"), { what: "the last line" });
  });
}

test("start-up runs free otherwise: no CFS period of it is throttled", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("app", `module.exports = async () => "x"`, { limits: { cpu: "50m" } });
  await whenAvailable(setup, "app", 1);
  const { throttledPeriods } = await measure(setup);
  if (throttledPeriods === undefined) return t.skip("no cgroups can be used here");
  assert.ok(throttledPeriods <= 1, `${throttledPeriods} periods`);
});

test("a replica takes with it even what has left its process group", async (t) => {
  const setup = await startProvider(t);
  if (!setup.provider.describeLimits().includes("memory by cgroup")) return t.skip("no cgroups can be used here");
  await setup.deploy(
    "parent",
    `const child = require("node:child_process").spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
     module.exports = async () => child.pid`,
  );
  const [replica] = await whenAvailable(setup, "parent", 1);
  const stray = Number((await call(replica!)).text);
  setup.provider.scale("parent", 0);
  await eventually(async () => !(await isAlive(stray)), { what: "the end of the stray" });
});

test("the means are said in one line, and none at all is a warning", async (t) => {
  const supervised = await startProvider(t, { limits: "duty-cycle" });
  assert.equal(
    supervised.provider.describeLimits(),
    "CPU by stopping and continuing processes (no root needed, coarser than cgroups), memory by looking every 100 ms (cgroups: not wanted by the settings)",
  );
  assert.deepEqual(supervised.warnings, []);
  const free = await startProvider(t, { limits: "none" });
  assert.deepEqual(free.warnings, [free.provider.describeLimits()]);
  assert.match(free.provider.describeLimits(), /CPU limits are NOT enforced, memory limits are NOT enforced/);
});

test("cgroup folders are gone with the provider", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("app", `module.exports = async () => require("fs").readFileSync("/proc/self/cgroup", "utf8")`);
  const [replica] = await whenAvailable(setup, "app", 1);
  const groups = (await call(replica!)).text;
  if (!groups.includes(replica!.id)) return t.skip("no cgroups can be used here");
  assert.match(groups, new RegExp(`/replicant-${process.pid}/${replica!.id}$`, "m"));
  await setup.provider.close();
  for (const [, controllers, path] of groups.matchAll(/^\d+:(\w+):(.*replicant.*)$/gm)) {
    await assert.rejects(access(`/sys/fs/cgroup/${controllers}${path}`), `${controllers}${path} is still there`);
  }
});

test("folders of a platform that was killed together with its guardian are swept", async (t) => {
  const first = await startProvider(t);
  await first.deploy("app", `module.exports = async () => require("fs").readFileSync("/proc/self/cgroup", "utf8")`);
  const [replica] = await whenAvailable(first, "app", 1);
  const path = /^\d+:cpu(?:,cpuacct)?:(.*)\/replicant-/m.exec((await call(replica!)).text)?.[1];
  if (path === undefined) return t.skip("no cgroup v1 can be used here");
  const dead = spawn("true");
  await once(dead, "exit");
  const stale = join("/sys/fs/cgroup/cpu", path, `replicant-${dead.pid}`);
  await mkdir(join(stale, "app-bcdfg"), { recursive: true });
  const survivor = spawn("/bin/sh", ["-c", `echo $$ > ${stale}/app-bcdfg/cgroup.procs; echo in; exec sleep 600`]);
  await once(survivor.stdout, "data");

  await startProvider(t);
  await assert.rejects(access(stale));
  assert.equal(await isAlive(survivor.pid!), false);
  assert.equal(replica!.state, "ready", "the living platform's are left alone");
});
