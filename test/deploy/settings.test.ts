/** Durations, watchdog settings and resource quantities. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BadInputError } from "#shared/core/errors.ts";
import { parseDurationMs } from "#shared/deploy/durations.ts";
import { parseCpuCores, parseMemoryBytes, readResources } from "#shared/deploy/quantities.ts";
import { watchdogSettings } from "#shared/deploy/watchdog-settings.ts";

const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (thrown) => thrown instanceof BadInputError && message.test(thrown.message));

for (const [text, want] of [
  ["10s", 10_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["250ms", 250],
  ["1500us", 1.5],
  [".5s", 500],
  ["15", 15_000],
  ["0", 0],
] as const) {
  test(`duration '${text}' is ${want} ms`, () => assert.equal(parseDurationMs(text, "x"), want));
}
for (const text of ["", "s", "10 s", "-1s", "10x", "1s2", "abc", "1s,2s"]) {
  test(`duration '${text}' is refused`, () =>
    refuses(() => parseDurationMs(text, "exec_timeout"), /^exec_timeout must be a duration like .*, was: '/));
}

for (const { name, env, want } of [
  { name: "the template's defaults", env: {}, want: { maxInflight: 0, execTimeoutMs: 10_000, graceMs: 30_000 } },
  {
    name: "what is set",
    env: { max_inflight: "5", exec_timeout: "1m", write_timeout: "65s" },
    want: { maxInflight: 5, execTimeoutMs: 60_000, graceMs: 65_000 },
  },
  {
    name: "calls in flight have a write_timeout after the healthcheck_interval",
    env: { healthcheck_interval: "5s", write_timeout: "65s" },
    want: { maxInflight: 0, execTimeoutMs: 10_000, graceMs: 70_000 },
  },
  {
    name: "and the template's write_timeout where there is none",
    env: { healthcheck_interval: "5s" },
    want: { maxInflight: 0, execTimeoutMs: 10_000, graceMs: 20_000 },
  },
  {
    name: "exec_timeout 0 is no limit, as a number that a timer can take",
    env: { exec_timeout: "0" },
    want: { maxInflight: 0, execTimeoutMs: 2_147_483_647, graceMs: 30_000 },
  },
] as const) {
  test(`watchdog settings: ${name}`, () => assert.deepEqual(watchdogSettings(env), want));
}
test("watchdog settings: a max_inflight that is no count is refused", () =>
  refuses(
    () => watchdogSettings({ max_inflight: "-1" }),
    /^max_inflight must be a whole number of at least 0, was: '-1'$/,
  ));

for (const [text, want] of [
  ["100m", 0.1],
  ["0.5", 0.5],
  ["2", 2],
  ["1m", 0.001],
  ["1500m", 1.5],
] as const) {
  test(`cpu '${text}' is ${want} cores`, () => assert.equal(parseCpuCores(text, "limits.cpu"), want));
}
for (const text of ["0", "-1", "0.5m", "1 core", "m", "1e3"]) {
  test(`cpu '${text}' is refused`, () =>
    refuses(() => parseCpuCores(text, "limits.cpu"), /^limits\.cpu must be a CPU quantity of at least 1m/));
}
for (const [text, want] of [
  ["128Mi", 134_217_728],
  ["64M", 64_000_000],
  ["1Gi", 1_073_741_824],
  ["1.5Gi", 1_610_612_736],
  ["512k", 512_000],
  ["1048576", 1_048_576],
] as const) {
  test(`memory '${text}' is ${want} bytes`, () => assert.equal(parseMemoryBytes(text, "limits.memory"), want));
}
for (const text of ["0", "128MB", "Mi", "-1Gi", "128 Mi"]) {
  test(`memory '${text}' is refused`, () =>
    refuses(() => parseMemoryBytes(text, "limits.memory"), /^limits\.memory must be a memory quantity/));
}

test("resources: a limit is also the request, empty text is nothing", () => {
  assert.deepEqual(readResources({ memory: "" }, { cpu: "200m", memory: "1Gi" }), {
    cpuRequestCores: 0.2,
    cpuLimitCores: 0.2,
    memoryRequestBytes: 2 ** 30,
    memoryLimitBytes: 2 ** 30,
  });
  assert.deepEqual(readResources(), {
    cpuRequestCores: null,
    cpuLimitCores: null,
    memoryRequestBytes: null,
    memoryLimitBytes: null,
  });
});
test("resources: a request above its limit is refused", () =>
  refuses(
    () => readResources({ memory: "256Mi" }, { memory: "128Mi" }),
    /^requests\.memory \(256Mi\) must not exceed limits\.memory \(128Mi\)$/,
  ));
