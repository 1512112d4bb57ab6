/** The platform as a whole: real replicas behind the real gateway. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startPlatform } from "#services/local-openfaas/platform.ts";
import { eventually } from "#test/support/eventually.ts";
import { readMetric } from "#test/support/gateway.ts";
import { startTestPlatform } from "#test/support/platform.ts";

const whoAmI = `module.exports = async (event, context) => context.status(200).succeed(JSON.stringify({
  pid: process.pid, path: event.path, query: event.query, body: event.body, callId: event.headers["x-call-id"] }));`;

interface Answer {
  readonly pid: number;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly body: unknown;
  readonly callId: string;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("platform: a function is deployed, invoked, scaled, scaled to zero and woken, and its processes end with it", async (t) => {
  const { platform, deploy, system } = await startTestPlatform(t);
  await deploy("who", whoAmI);
  const call = async () => {
    const response = await fetch(`${platform.url}/function/who/a/b?c=d`, { method: "POST", body: "hello" });
    assert.equal(response.status, 200);
    return (await response.json()) as Answer;
  };
  const first = await call();
  assert.deepEqual([first.path, first.query, first.body], ["/a/b", { c: "d" }, "hello"]);
  assert.match(first.callId, /^[0-9a-f-]{36}$/);

  const scale = (replicas: number) => system("POST", "scale-function/who", { serviceName: "who", replicas });
  const available = async () =>
    ((await (await system("GET", "function/who")).json()) as { availableReplicas: number }).availableReplicas;
  assert.equal((await scale(2)).status, 202);
  await eventually(async () => (await available()) === 2, { what: "two replicas", timeoutMs: 20_000 });
  const pids = new Set<number>();
  await eventually(async () => pids.add((await call()).pid).size === 2, { what: "answers of both replicas" });

  assert.equal((await scale(0)).status, 202);
  await eventually(async () => (await available()) === 0, { what: "no replica" });
  await eventually(() => [...pids].every((pid) => !isAlive(pid)), { what: "the end of both processes" });
  const woken = await call();
  assert.ok(!pids.has(woken.pid));
  assert.equal(await readMetric(platform.metricsUrl, 'gateway_cold_starts_total{function_name="who.openfaas-fn"}'), 1);
  assert.equal(await readMetric(platform.metricsUrl, 'gateway_service_count{function_name="who.openfaas-fn"}'), 1);
  const containers = await (await fetch(`${platform.metricsUrl}/containers/metrics`)).text();
  assert.match(containers, /container_memory_working_set_bytes\{.*who-/);

  await platform.close();
  await eventually(() => !isAlive(woken.pid), { what: "the end of the last process" });
  await assert.rejects(fetch(platform.url));
});

test("platform: calls in flight end before their replica does", async (t) => {
  const { platform, deploy, system } = await startTestPlatform(t);
  await deploy("slow", `module.exports = (event) => new Promise((done) => setTimeout(() => done("done"), 400));`);
  const calls = [1, 2, 3].map(() => fetch(`${platform.url}/function/slow`));
  const inFlight = 'gateway_function_invocation_inflight{function_name="slow.openfaas-fn"}';
  await eventually(async () => (await readMetric(platform.metricsUrl, inFlight)) === 3, {
    what: "three calls in flight",
  });
  await system("POST", "scale-function/slow", { serviceName: "slow", replicas: 0 });
  for (const each of calls) assert.deepEqual([(await each).status, await (await each).text()], [200, "done"]);
});

test("platform: exec_timeout and max_inflight of a deployment hold at the gateway", async (t) => {
  const { platform, deploy } = await startTestPlatform(t);
  await deploy("never", `module.exports = () => new Promise(() => {});`, {
    envVars: { exec_timeout: "300ms", max_inflight: "1" },
  });
  const first = fetch(`${platform.url}/function/never`);
  const inFlight = 'gateway_function_invocation_inflight{function_name="never.openfaas-fn"}';
  await eventually(async () => (await readMetric(platform.metricsUrl, inFlight)) === 1, { what: "the first call" });
  assert.equal((await fetch(`${platform.url}/function/never`)).status, 429);
  assert.equal((await first).status, 504);
});

test("platform: a body above the replica's limit is 413, through the gateway", async (t) => {
  const { platform, deploy } = await startTestPlatform(t);
  await deploy("small", `module.exports = (event) => "got it";`);
  const response = await fetch(`${platform.url}/function/small`, { method: "POST", body: "x".repeat(200_000) });
  assert.equal(response.status, 413);
});

test("platform: a rolling update loses no call", async (t) => {
  const { platform, deploy, image, system } = await startTestPlatform(t);
  const version = (n: number) => `module.exports = () => new Promise((done) => setTimeout(() => done("v${n}"), 20));`;
  await deploy("rolling", version(1));
  await image("rolling-2", version(2));
  const seen = new Map<string, number>();
  let updated = false;
  const deadlineMs = performance.now() + 30_000;
  const client = async () => {
    while (!updated && performance.now() < deadlineMs) {
      const response = await fetch(`${platform.url}/function/rolling`);
      const text = `${response.status} ${await response.text()}`;
      seen.set(text, (seen.get(text) ?? 0) + 1);
      if (text === "200 v2") updated = true;
    }
  };
  const clients = [client(), client(), client()];
  const response = await system("PUT", "functions", { service: "rolling", image: "example/rolling-2:1" });
  assert.equal(response.status, 202);
  await Promise.all(clients);
  assert.deepEqual([...seen.keys()].sort(), ["200 v1", "200 v2"]);
});

test("platform: what it was given is there again after a restart: password, secrets, functions, counts", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "platform-home-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const first = await startTestPlatform(t, { home });
  await first.platform.setSecret("token", "one");
  await first.platform.setSecret("token", "two");
  await first.deploy("who", whoAmI, { secrets: ["token"] });
  await first.system("POST", "scale-function/who", { serviceName: "who", replicas: 2 });
  await first.platform.close();

  const second = await startTestPlatform(t, { home });
  assert.equal(second.platform.password, first.platform.password);
  assert.deepEqual(await (await second.system("GET", "secrets")).json(), [{ name: "token", namespace: "openfaas-fn" }]);
  const status = (await (await second.system("GET", "function/who")).json()) as { replicas: number };
  assert.equal(status.replicas, 2);
  assert.equal(
    (await fetch(`${second.platform.url}/function/who`)).status,
    200,
    "the first call waits for the restored replica",
  );
  await second.platform.close();
});

test("platform: an image that was never registered, and a secret that does not exist, are 400 in one sentence", async (t) => {
  const { system, image } = await startTestPlatform(t);
  const unknown = await system("POST", "functions", { service: "a", image: "example/a:1" });
  assert.equal(unknown.status, 400);
  assert.match(await unknown.text(), /image 'example\/a:1' is not known here/);
  await image("a", whoAmI);
  const missing = await system("POST", "functions", { service: "a", image: "example/a:1", secrets: ["none"] });
  assert.equal(missing.status, 400);
  assert.match(await missing.text(), /secret 'none' does not exist/);
  assert.deepEqual(await (await system("GET", "functions")).json(), []);
});

test("platform: the ce profile binds deployments made in process, too", async (t) => {
  const { platform, image } = await startTestPlatform(t, { profile: "ce" });
  const labels = { "com.openfaas.scale.zero": "true" };
  await assert.rejects(async () => platform.deploy({ service: "a", image: await image("a", whoAmI), labels }), {
    name: "BadInputError",
  });
});

test("platform: a port in use is refused before anything starts", async (t) => {
  const { platform } = await startTestPlatform(t);
  const home = await mkdtemp(join(tmpdir(), "platform-second-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const port = Number(new URL(platform.url).port);
  await assert.rejects(startPlatform({ home, port, dist: home }), {
    name: "BadInputError",
    message: new RegExp(`^port ${port} on 127.0.0.1 is in use`),
  });
});

test("platform: its addresses and the way limits are enforced are reported", async (t) => {
  const { platform } = await startTestPlatform(t);
  assert.match(platform.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(platform.metricsUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.notEqual(platform.url, platform.metricsUrl);
  assert.ok(platform.limits.length > 0);
});
