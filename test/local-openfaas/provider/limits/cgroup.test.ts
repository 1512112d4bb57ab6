/** What is written to and read from control groups, by version; where they are mounted; the CPU budget. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { cfsQuota, cgroupV1, cgroupV2 } from "#services/local-openfaas/provider/limits/cgroup-files.ts";
import { cgroupMounts } from "#services/local-openfaas/provider/limits/cgroup-mounts.ts";
import { findCgroupPlaces } from "#services/local-openfaas/provider/limits/cgroup-places.ts";
import { cpuBudget } from "#services/local-openfaas/provider/limits/cpu-budget.ts";
import { temporaryFolder } from "#test/support/local-openfaas/provider.ts";

for (const { name, cores, want } of [
  { name: "a tenth", cores: 0.1, want: { quotaMicros: 5_000, periodMicros: 50_000 } },
  { name: "two cores", cores: 2, want: { quotaMicros: 100_000, periodMicros: 50_000 } },
  {
    name: "a share whose quota the kernel would refuse",
    cores: 0.01,
    want: { quotaMicros: 1_000, periodMicros: 100_000 },
  },
  { name: "the smallest share", cores: 0.001, want: { quotaMicros: 1_000, periodMicros: 1_000_000 } },
]) {
  test(`cfs quota: ${name}`, () => assert.deepEqual(cfsQuota(cores, 50_000), want));
}

test("cgroup v1: what is written", () => {
  assert.deepEqual(cgroupV1.cpuQuota(0.25, 50_000), [
    { file: "cpu.cfs_period_us", value: "50000" },
    { file: "cpu.cfs_quota_us", value: "12500" },
  ]);
  assert.deepEqual(cgroupV1.cpuShares(0.25), [{ file: "cpu.shares", value: "256" }]);
  assert.deepEqual(cgroupV1.cpuShares(0.001), [{ file: "cpu.shares", value: "2" }]);
  assert.equal(cgroupV1.memoryLimit(1_024)[0]!.value, "1024");
});

test("cgroup v2: what is written", () => {
  assert.deepEqual(cgroupV2.cpuQuota(0.25, 50_000), [{ file: "cpu.max", value: "12500 50000" }]);
  assert.deepEqual(cgroupV2.cpuShares(1), [{ file: "cpu.weight", value: "39" }]);
  assert.deepEqual(cgroupV2.cpuShares(0.001), [{ file: "cpu.weight", value: "1" }]);
  assert.deepEqual(cgroupV2.memoryLimit(1_024), [
    { file: "memory.max", value: "1024" },
    { file: "memory.swap.max", value: "0", optional: true },
  ]);
});

test("cgroup v1: what is read", () => {
  const read = (file: string) =>
    ({
      "cpuacct.usage": "1500000000",
      "cpu.stat": "nr_periods 100\nnr_throttled 42\nthrottled_time 9",
      "memory.usage_in_bytes": "5000",
      "memory.stat": "inactive_file 1\ntotal_inactive_file 1200\ntotal_active_file 3",
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
    })[file]!;
  assert.equal(cgroupV1.cpuSeconds(read), 1.5);
  assert.deepEqual(cgroupV1.cpuPeriods(read), { total: 100, throttled: 42 });
  assert.equal(cgroupV1.workingSetBytes(read), 3_800);
  assert.equal(cgroupV1.outOfMemoryKills(read), 2);
});

test("cgroup v2: what is read", () => {
  const read = (file: string) =>
    ({
      "cpu.stat": "usage_usec 2500000\nuser_usec 1\nnr_periods 7\nnr_throttled 3",
      "memory.current": "5000",
      "memory.stat": "anon 10\ninactive_file 6000",
      "memory.events": "low 0\noom 5\noom_kill 4",
    })[file]!;
  assert.equal(cgroupV2.cpuSeconds(read), 2.5);
  assert.deepEqual(cgroupV2.cpuPeriods(read), { total: 7, throttled: 3 });
  assert.equal(cgroupV2.workingSetBytes(read), 0, "never below nothing");
  assert.equal(cgroupV2.outOfMemoryKills(read), 4);
});

const V1_LINE = (point: string, controllers: string, root = "/") =>
  `30 25 0:26 ${root} ${point} rw,nosuid shared:9 - cgroup cgroup rw,${controllers}`;

for (const { name, mountinfo, cgroup, v1 = [], v2 = null } of [
  {
    name: "v1, controllers together and apart",
    mountinfo: `${V1_LINE("/cg/cpu,cpuacct", "cpu,cpuacct")}\n${V1_LINE("/cg/memory", "memory")}`,
    cgroup: "5:memory:/user/me\n3:cpu,cpuacct:/\n",
    v1: [
      ["cpu", "/cg/cpu,cpuacct"],
      ["cpuacct", "/cg/cpu,cpuacct"],
      ["memory", "/cg/memory/user/me"],
    ],
  },
  {
    name: "v1 inside a container: the mount shows a part of the tree",
    mountinfo: V1_LINE("/cg/memory", "memory", "/docker/abc"),
    cgroup: "5:memory:/docker/abc",
    v1: [["memory", "/cg/memory"]],
  },
  {
    name: "v2",
    mountinfo: "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate",
    cgroup: "0::/user.slice/user-1000.slice/session-2.scope",
    v2: { root: "/sys/fs/cgroup", folder: "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope" },
  },
  { name: "none", mountinfo: "22 1 8:1 / / rw - ext4 /dev/root rw", cgroup: "" },
]) {
  test(`cgroup mounts: ${name}`, () => {
    const found = cgroupMounts(mountinfo, cgroup);
    assert.deepEqual(
      [...found.v1].filter(([controller]) => controller !== "rw"),
      v1,
    );
    assert.deepEqual(found.v2, v2);
  });
}

test("cgroup places: in v2 the nearest ancestor that gives both controllers, tried out", async (t) => {
  const root = await temporaryFolder(t);
  const own = join(root, "cg", "user.slice", "app.slice", "shell.scope");
  await mkdir(own, { recursive: true });
  const gives = (folder: string, controllers: string) =>
    writeFile(join(root, folder, "cgroup.subtree_control"), controllers);
  await gives("cg", "cpu memory pids");
  await gives("cg/user.slice", "pids memory cpu io");
  await gives("cg/user.slice/app.slice", "memory");
  await writeFile(join(root, "mountinfo"), `35 24 0:30 / ${root}/cg rw - cgroup2 cgroup2 rw`);
  await writeFile(join(root, "cgroup"), "0::/user.slice/app.slice/shell.scope\n");

  const { cpu, cpuAccounting, memory, problems } = await findCgroupPlaces(50_000, root);
  const folder = join(root, "cg", "user.slice", `replicant-${process.pid}`);
  for (const place of [cpu, cpuAccounting, memory]) {
    assert.deepEqual([place?.version.name, place?.folder], ["cgroup v2", folder]);
  }
  assert.deepEqual(problems, []);
  const [probe] = await readdir(folder);
  assert.equal(await readFile(join(folder, probe!, "cpu.max"), "utf8"), "25000 50000");
});

test("cgroup places: nowhere without procfs, or where nothing is mounted", async (t) => {
  const empty = await temporaryFolder(t);
  assert.deepEqual((await findCgroupPlaces(50_000, empty)).problems, ["there is no procfs"]);
  await writeFile(join(empty, "mountinfo"), "22 1 8:1 / / rw - ext4 /dev/root rw");
  await writeFile(join(empty, "cgroup"), "");
  assert.deepEqual(await findCgroupPlaces(50_000, empty), {
    cpu: null,
    cpuAccounting: null,
    memory: null,
    problems: ["no control groups are mounted"],
  });
});

test("cpu budget: an idle process may go on, a burst within the savings too", () => {
  const budget = cpuBudget(0.5, 0, 0);
  assert.equal(budget.spend(1_000, 0), 0);
  assert.equal(budget.spend(1_010, 10), 0, "10 ms of the 25 saved");
});

test("cpu budget: debt is paid by standing still", () => {
  const budget = cpuBudget(0.1, 0, 0);
  assert.equal(budget.spend(10, 11), 100, "1 ms was due, 11 used: 10 ms at a tenth");
  assert.equal(budget.spend(110, 11), 0);
});

test("cpu budget: the average is the limit, however coarse the samples", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 0.9, noNaN: true }), fc.integer({ min: 5, max: 60 }), (cores, sampleMs) => {
      const budget = cpuBudget(cores, 0, 0);
      let nowMs = 0;
      let cpuMs = 0;
      while (nowMs < 20_000) {
        nowMs += sampleMs; // runs freely, and is busy all the time
        cpuMs += sampleMs;
        nowMs += budget.spend(nowMs, cpuMs);
        assert.ok(budget.spend(nowMs, cpuMs) < 1e-6);
      }
      assert.ok(Math.abs(cpuMs / nowMs - cores) < 0.02, `${cpuMs / nowMs} for ${cores}`);
    }),
    { numRuns: 50 },
  );
});
