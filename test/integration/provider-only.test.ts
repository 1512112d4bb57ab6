/** The platform behind somebody else's gateway: asked as the real one asks, and the real one itself where it is on PATH. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { findOnPath } from "#services/local-openfaas/bus/program.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestPlatform, type TestPlatform } from "#test/support/platform.ts";

const echo = `module.exports = async (event, context) => {
  if (event.query.wait) await new Promise((resolve) => setTimeout(resolve, Number(event.query.wait)));
  const { "x-call-id": callId, "x-start-time": startTime, "transfer-encoding": encoding, "x-forwarded-for": by } = event.headers;
  const seen = { path: event.path, query: event.query, body: String(event.body ?? ""), callId, startTime, encoding, by };
  return context.status(201).headers({ "Content-Type": "application/json", "X-Mine": "yes" }).succeed(seen);
};`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: () => Record<string, unknown>;
}

/** As the gateway sends it: a body chunked and without a length, and no connection kept. */
function ask(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}${path}`, { method, headers: { ...headers, Connection: "close" } }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += String(chunk)));
      answer.on("end", () =>
        resolve({
          ...{ status: answer.statusCode!, headers: answer.headers, text },
          json: () => JSON.parse(text) as Record<string, unknown>,
        }),
      );
    });
    sent.on("error", reject);
    // Written in two parts, Node sends it chunked.
    if (body !== undefined) {
      sent.setHeader("Transfer-Encoding", "chunked");
      sent.write(body.slice(0, 3));
      sent.write(body.slice(3));
    }
    sent.end();
  });
}

interface World extends TestPlatform {
  readonly authorization: Record<string, string>;
  /** A control call with credentials. */
  readonly call: (method: string, path: string, body?: object) => Promise<Answer>;
  readonly invoke: (path: string, body?: string, headers?: Record<string, string>) => Promise<Answer>;
}

async function startProvider(t: TestContext): Promise<World> {
  const world = await startTestPlatform(t, { providerOnly: true });
  const { url, user, password } = world.platform;
  const authorization = { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  return {
    ...{ ...world, authorization },
    call: (method, path, body) =>
      ask(url, method, path, {
        headers: authorization,
        ...(body && { body: JSON.stringify(body) }),
      }),
    invoke: (path, body, headers) =>
      ask(url, "POST", `/function/${path}`, {
        ...(body !== undefined && { body }),
        ...(headers && { headers }),
      }),
  };
}

test("provider only: the shapes of a provider, not of a gateway", async (t) => {
  const { call, image, platform } = await startProvider(t);
  const deployment = { service: "echo", image: await image("echo", echo), namespace: "openfaas-fn" };
  assert.equal((await call("PUT", "/system/functions", deployment)).status, 404, "what is not there is not updated");
  assert.equal((await call("POST", "/system/functions", deployment)).status, 202);
  assert.equal((await call("PUT", "/system/functions", deployment)).status, 202);

  const info = (await call("GET", "/system/info")).json();
  assert.deepEqual(Object.keys(info), ["provider", "orchestration", "version"]);
  assert.equal(typeof (info["version"] as { release?: unknown }).release, "string");

  const [status] = JSON.parse((await call("GET", "/system/functions?namespace=openfaas-fn")).text) as object[];
  assert.ok(!("invocationCount" in status!), "the gateway adds it");
  await eventually(
    async () => (await call("GET", "/system/function/echo?usage=false")).json()["availableReplicas"] === 1,
  );

  const scaled = async (replicas: number) => {
    const { status } = await call("POST", "/system/scale-function/echo", { serviceName: "echo", replicas });
    return [status, (await call("GET", "/system/function/echo")).json()["replicas"]];
  };
  assert.deepEqual(await scaled(7), [202, 7], "more than the five of a gateway");
  assert.deepEqual(await scaled(0), [202, 0], "zero too");
  const { status: tooMany, text } = await call("POST", "/system/scale-function/echo", { replicas: 5_000 });
  assert.deepEqual([tooMany, text], [400, "replicas must be at most 100, as each is a process here, was: 5000\n"]);

  assert.equal((await call("POST", "/system/secrets", { name: "token", value: "hush" })).status, 201);
  assert.match((await call("GET", "/system/secrets")).text, /"name":"token"/);
  assert.equal((await call("DELETE", "/system/secrets", { name: "token" })).status, 200);
  assert.match((await call("GET", "/system/logs?name=echo&follow=false")).text, /ready after/);
  assert.equal((await call("GET", "/system/logs?name=echo&tail=x")).status, 422);
  assert.equal((await call("DELETE", "/system/functions", { functionName: "echo" })).status, 202);

  for (const path of ["/system/alert", "/async-function/echo", "/ui/", "/"]) {
    assert.equal((await call("POST", path, {})).status, 404, path);
  }
  assert.equal((await ask(platform.url, "GET", "/healthz")).text, "OK");
});

test("provider only: credentials for everything under /system but the namespaces", async (t) => {
  const { platform } = await startProvider(t);
  for (const path of ["functions", "function/echo", "info", "secrets", "logs?name=echo"]) {
    const { status, headers } = await ask(platform.url, "GET", `/system/${path}`);
    assert.deepEqual([status, headers["www-authenticate"]], [401, 'Basic realm="Restricted"'], path);
  }
  assert.equal((await ask(platform.url, "GET", "/system/namespaces")).text, '["openfaas-fn"]');
  assert.equal((await ask(platform.url, "GET", "/system/namespace/openfaas-fn")).status, 200);
  assert.equal((await ask(platform.url, "GET", "/metrics")).status, 200);
});

test("provider only: an invocation comes with its prefix, chunked, and already marked", async (t) => {
  const { deploy, invoke } = await startProvider(t);
  await deploy("echo", echo);
  const marks = { "X-Call-Id": "call-1", "X-Start-Time": "1700000000", "X-Forwarded-For": "10.1.1.1" };
  const { status, headers, json } = await invoke("echo.openfaas-fn/deep/path?a=b", "in two parts", marks);
  assert.equal(status, 201);
  assert.deepEqual(json(), {
    ...{ path: "/deep/path", query: { a: "b" }, body: "in two parts" },
    ...{ callId: "call-1", startTime: "1700000000", encoding: "chunked", by: "10.1.1.1" },
  });
  assert.equal(headers["x-mine"], "yes");
  assert.match(headers["x-duration-seconds"] as string, /^\d+\.\d+$/);
  // The gateway's marks are the gateway's.
  for (const name of ["x-served-by", "x-start-time", "x-call-id"]) assert.equal(headers[name], undefined, name);
  assert.equal((await invoke("echo")).json()["path"], "/");
});

test("provider only: nobody waits here for a replica, and the watchdog's limits hold", async (t) => {
  const { deploy, invoke, call } = await startProvider(t);
  await deploy("echo", echo, { envVars: { max_inflight: "1", exec_timeout: "400ms" } });
  const unknown = await invoke("nobody");
  assert.deepEqual([unknown.status, unknown.text], [503, "No endpoints available for: nobody.\n"]);
  assert.equal(unknown.headers["x-openfaas-internal"], "proxy");

  const [slow, refused] = [invoke("echo?wait=5000"), invoke("echo?wait=5000")];
  assert.deepEqual([(await slow).status, (await refused).status].sort(), [429, 504]);

  await call("POST", "/system/scale-function/echo", { replicas: 0 });
  await eventually(async () => (await call("GET", "/system/function/echo")).json()["availableReplicas"] === 0);
  assert.equal((await invoke("echo")).status, 503, "the gateway scales up before it calls");
});

test("provider only: its own requests are counted, names of functions are not", async (t) => {
  const { deploy, invoke, call, platform } = await startProvider(t);
  await deploy("echo", echo);
  for (const body of ["a", "b"]) await invoke("echo.openfaas-fn", body);
  await call("GET", "/system/function/nobody");
  await ask(platform.url, "GET", "/wp-admin/setup.php");
  // A request is counted when its connection's answer has gone out.
  const read = async () => (await ask(platform.url, "GET", "/metrics")).text;
  await eventually(async () => (await read()).includes('path="other"'));
  const metrics = await read();
  assert.match(metrics, /^provider_http_requests_total\{code="201",method="POST",path="\/function"\} 2$/m);
  assert.match(metrics, /^provider_http_requests_total\{code="404",method="GET",path="\/system\/function"\} 1$/m);
  assert.match(metrics, /^provider_http_requests_total\{code="404",method="GET",path="other"\} 1$/m);
  assert.match(
    metrics,
    /^provider_http_request_duration_seconds_count\{code="201",method="POST",path="\/function"\} 2$/m,
  );
  assert.doesNotMatch(metrics, /echo|nobody|gateway_/);
  assert.match((await ask(platform.url, "GET", "/containers/metrics")).text, /container_memory_working_set_bytes/);
});

const gateway = findOnPath("gateway", process.env["PATH"] ?? "");
const skip = gateway ? false : "the OpenFaaS gateway is not on PATH";

test("provider only: behind the real gateway, with scale from zero and its alert route", { skip }, async (t) => {
  const { deploy, platform, authorization } = await startProvider(t);
  await deploy("echo", echo, { labels: { "com.openfaas.scale.min": "1", "com.openfaas.scale.max": "5" } });
  const url = await startGateway(t, platform);
  const answer = await ask(url, "POST", "/function/echo/deep?a=b", { body: "in two parts" });
  assert.deepEqual([answer.status, answer.json()["body"], answer.json()["path"]], [201, "in two parts", "/deep"]);
  const control = (method: string, path: string, body?: object) =>
    ask(url, method, path, { headers: authorization, ...(body && { body: JSON.stringify(body) }) });
  const replicas = async () => (await control("GET", "/system/function/echo")).json()["replicas"];
  await control("POST", "/system/alert", { alerts: [{ status: "firing", labels: { function_name: "echo" } }] });
  await eventually(async () => (await replicas()) === 2, { what: "one step up after an alert" });
  await ask(platform.url, "POST", "/system/scale-function/echo", {
    ...{ headers: authorization, body: JSON.stringify({ serviceName: "echo", replicas: 0 }) },
  });
  assert.equal((await ask(url, "POST", "/function/echo", { body: "wake up" })).status, 201);
});

/** On its fixed ports 8080 and 8082; Prometheus is somebody who knows nothing. */
async function startGateway(t: TestContext, platform: TestPlatform["platform"]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  await writeFile(join(folder, "basic-auth-user"), platform.user);
  await writeFile(join(folder, "basic-auth-password"), platform.password);
  const prometheus = createServer((_, response) => response.end('{"status":"success","data":{"result":[]}}'));
  await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
  assert.equal(await freePort(8080), 8080, "port 8080 must be free for the real gateway");
  const child = spawn(gateway!, [], {
    cwd: folder,
    stdio: "ignore",
    env: {
      ...{ functions_provider_url: `${platform.url}/`, basic_auth: "true", secret_mount_path: folder },
      ...{ scale_from_zero: "true", function_namespace: "openfaas-fn", faas_prometheus_host: "127.0.0.1" },
      faas_prometheus_port: String((prometheus.address() as AddressInfo).port),
    },
  });
  t.after(async () => {
    child.kill("SIGKILL");
    prometheus.close();
    await rm(folder, { recursive: true });
  });
  await eventually(async () => (await ask("http://127.0.0.1:8080", "GET", "/healthz")).status === 200);
  return "http://127.0.0.1:8080";
}
