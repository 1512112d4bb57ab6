/** The control routes, asked as faas-cli asks and decoded as strictly as Go decodes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { version } from "#shared/core/version.ts";
import { eventually } from "#test/support/eventually.ts";
import { authorization, startTestGateway } from "#test/support/gateway.ts";
import { decode, decodeList } from "#test/support/go-decode.ts";
import { rawConnection } from "#test/support/raw-http.ts";

const deployment = {
  service: "echo",
  image: "example/echo:1",
  envProcess: "node index.js",
  envVars: { exec_timeout: "10s" },
  labels: { "com.openfaas.scale.min": "1" },
  annotations: { topic: "t" },
  secrets: ["token"],
  limits: { memory: "128Mi", cpu: "500m" },
  constraints: null,
};

test("control: the life of a function as faas-cli drives it", async (t) => {
  const { system, provider, url } = await startTestGateway(t);
  assert.deepEqual(decodeList("functionStatus", await (await system("GET", "functions")).text()), []);

  assert.equal(
    (await system("PUT", "functions", deployment)).status,
    404,
    "an update of nothing makes faas-cli deploy",
  );
  assert.equal((await system("POST", "functions", deployment)).status, 202);
  assert.equal((await system("POST", "functions", deployment)).status, 409);
  assert.equal((await system("PUT", "functions", { ...deployment, namespace: "openfaas-fn" })).status, 202);

  await (await fetch(`${url}/function/echo`)).text();
  const [listed] = decodeList("functionStatus", await (await system("GET", "functions?namespace=openfaas-fn")).text());
  assert.deepEqual(listed, {
    name: "echo",
    image: "example/echo:1",
    namespace: "openfaas-fn",
    envProcess: "node index.js",
    envVars: { exec_timeout: "10s" },
    labels: { "com.openfaas.scale.min": "1" },
    annotations: { topic: "t" },
    secrets: ["token"],
    limits: { memory: "128Mi", cpu: "500m" },
    invocationCount: 1,
    replicas: 1,
    availableReplicas: 1,
    createdAt: "2026-01-02T00:00:00.000Z",
  });

  const described = decode("functionStatus", await (await system("GET", "function/echo.openfaas-fn?usage=1")).text());
  assert.deepEqual(described["usage"], { cpu: 12.5, totalMemoryBytes: 1_000_000 });
  const plain = decode("functionStatus", await (await system("GET", "function/echo?namespace=openfaas-fn")).text());
  assert.equal(plain["usage"], undefined);

  assert.equal((await system("DELETE", "functions", { functionName: "echo" })).status, 202);
  assert.equal((await system("DELETE", "functions", { functionName: "echo" })).status, 404);
  assert.equal((await system("GET", "function/echo")).status, 404);
  assert.deepEqual(provider.calls, ["deploy echo", "update echo", "remove echo"]);
});

test("control: removing takes the namespace from the body, from the query, or from the name", async (t) => {
  const { system, deploy } = await startTestGateway(t);
  for (const { path, body } of [
    { path: "functions", body: { functionName: "echo", namespace: "openfaas-fn" } },
    { path: "functions?namespace=openfaas-fn", body: { functionName: "echo" } },
    { path: "functions", body: { functionName: "echo.openfaas-fn" } },
  ]) {
    await deploy("echo");
    assert.equal((await system("DELETE", path, body)).status, 202);
  }
});

for (const { name, path, body, want } of [
  { name: "faas-netes's way", path: "scale-function/echo?namespace=openfaas-fn", body: { replicas: 3 }, want: 3 },
  {
    name: "faasd's way",
    path: "scale-function/echo",
    body: { serviceName: "echo", replicas: 3, namespace: "openfaas-fn" },
    want: 3,
  },
  {
    name: "all three at once",
    path: "scale-function/echo.openfaas-fn",
    body: { serviceName: "echo.openfaas-fn", replicas: 2 },
    want: 2,
  },
  { name: "to zero", path: "scale-function/echo", body: { serviceName: "echo", replicas: 0 }, want: 0 },
  {
    name: "beyond what one machine should start",
    path: "scale-function/echo",
    body: { replicas: 1_000_000 },
    want: 100,
  },
]) {
  test(`control: scale, ${name}`, async (t) => {
    const { system, deploy, provider } = await startTestGateway(t, { held: true });
    await deploy("echo");
    assert.equal((await system("POST", path, body)).status, 202);
    assert.deepEqual(provider.calls.slice(1), [`scale echo ${want}`]);
    const status = decode("functionStatus", await (await system("GET", "function/echo")).text());
    assert.equal(status["replicas"], want, "the new count is there at once, whatever is ready");
  });
}

test("control: scaling what is not there is 404, and two different names 400", async (t) => {
  const { system, deploy, provider } = await startTestGateway(t);
  await deploy("echo");
  assert.equal((await system("POST", "scale-function/nobody", { serviceName: "nobody", replicas: 1 })).status, 404);
  const response = await system("POST", "scale-function/echo", { serviceName: "other", replicas: 1 });
  assert.equal(response.status, 400);
  assert.equal(await response.text(), "serviceName must be the function of the path, 'echo', was: 'other'\n");
  assert.deepEqual(provider.calls, ["deploy echo"]);
});

test("control: info is what `faas-cli version` needs", async (t) => {
  const { system } = await startTestGateway(t);
  const info = decode<{ version: { release: string } }>("info", await (await system("GET", "info")).text());
  assert.equal(info.version.release, version);
  const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  assert.equal(version, manifest.version);
});

test("control: there is one namespace, and it cannot be changed", async (t) => {
  const { system } = await startTestGateway(t);
  assert.deepEqual(decodeList("text", await (await system("GET", "namespaces")).text()), ["openfaas-fn"]);
  const one = decode("namespace", await (await system("GET", "namespace/openfaas-fn")).text());
  assert.equal(one["name"], "openfaas-fn");
  assert.equal((await system("GET", "namespace/staging")).status, 404);
  for (const method of ["POST", "PUT", "DELETE"]) {
    assert.equal((await system(method, "namespace/staging", { name: "staging" })).status, 405, method);
  }
});

for (const { method, path, body } of [
  { method: "GET", path: "functions?namespace=staging", body: undefined },
  { method: "POST", path: "functions", body: { ...deployment, namespace: "staging" } },
  { method: "PUT", path: "functions?namespace=staging", body: deployment },
  { method: "DELETE", path: "functions", body: { functionName: "echo.staging" } },
  { method: "GET", path: "function/echo?namespace=staging", body: undefined },
  { method: "GET", path: "function/echo.staging", body: undefined },
  { method: "POST", path: "scale-function/echo", body: { replicas: 1, namespace: "staging" } },
  { method: "GET", path: "logs?name=echo&namespace=staging", body: undefined },
  { method: "GET", path: "secrets?namespace=staging", body: undefined },
  { method: "POST", path: "secrets", body: { name: "a", value: "b", namespace: "staging" } },
]) {
  test(`control: another namespace is 400 for ${method} ${path}${body ? " with a body" : ""}`, async (t) => {
    const { system, deploy, provider } = await startTestGateway(t);
    await deploy("echo");
    const response = await system(method, path, body);
    assert.equal(response.status, 400);
    assert.equal(await response.text(), "namespace must be openfaas-fn, was: 'staging'\n");
    assert.deepEqual(provider.calls, ["deploy echo"]);
  });
}

test("control: secrets are written and listed, never read", async (t) => {
  const { system } = await startTestGateway(t);
  assert.deepEqual(decodeList("secret", await (await system("GET", "secrets")).text()), []);
  assert.equal((await system("POST", "secrets", { name: "token", value: "one" })).status, 201);
  assert.equal((await system("POST", "secrets", { name: "token", value: "two" })).status, 409);
  assert.equal((await system("PUT", "secrets", { name: "token", rawValue: "dHdv" })).status, 200);
  assert.equal((await system("PUT", "secrets", { name: "other", value: "x" })).status, 404);
  const listed = await (await system("GET", "secrets?namespace=openfaas-fn")).text();
  assert.deepEqual(decodeList("secret", listed), [{ name: "token", namespace: "openfaas-fn" }]);
  assert.equal((await system("DELETE", "secrets", { name: "token", namespace: "openfaas-fn" })).status, 200);
  assert.equal((await system("DELETE", "secrets", { name: "token" })).status, 404);
});

const line = (text: string) => ({
  name: "echo",
  namespace: "openfaas-fn",
  instance: "echo-1",
  timestamp: "2026-01-02T03:04:05Z",
  text,
});

test("control: logs come as one JSON object a line", async (t) => {
  const { system, deploy, provider } = await startTestGateway(t);
  await deploy("echo");
  provider.lines.push(line("one"), line("two"));
  const response = await system(
    "GET",
    "logs?name=echo.openfaas-fn&follow=false&tail=-1&since=2026-01-02T03:04:05%2B01:00&instance=i",
  );
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const lines = (await response.text()).trim().split("\n");
  assert.deepEqual(
    lines.map((each) => decode("logLine", each)["text"]),
    ["one", "two"],
  );
  assert.equal(
    provider.calls.at(-1),
    `logs ${JSON.stringify({ name: "echo", instance: "i", sinceMs: Date.parse("2026-01-02T02:04:05Z"), follow: false })}`,
  );
  const tail = await (await system("GET", "logs?name=echo&tail=1")).text();
  assert.equal(decode("logLine", tail)["text"], "two");
});

test("control: logs are followed until the client leaves", async (t) => {
  const { url, deploy, provider } = await startTestGateway(t);
  await deploy("echo");
  const raw = await rawConnection(url);
  raw.socket.write(
    `GET /system/logs?name=echo&follow=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`,
  );
  await raw.until(/200 OK/);
  provider.lines.push(line("later"));
  await raw.until(/"later"/);
  raw.socket.destroy();
  await eventually(() => provider.followers === 0, { what: "the end of the query" });
});

for (const query of [
  "",
  "name=",
  "name=echo&tail=x",
  "name=echo&since=yesterday",
  "name=echo&since=5m",
  "name=echo&follow=maybe",
  "name=a&name=b",
]) {
  test(`control: logs?${query} is 422`, async (t) => {
    const { system, deploy } = await startTestGateway(t);
    await deploy("echo");
    const response = await system("GET", `logs?${query}`);
    assert.equal(response.status, 422);
    assert.match(await response.text(), /must .*, was: /);
  });
}

test("control: logs of what is not deployed are 404", async (t) => {
  const { system } = await startTestGateway(t);
  assert.equal((await system("GET", "logs?name=nobody")).status, 404);
});

test("control: small routes answer as the real gateway does", async (t) => {
  const { url, system } = await startTestGateway(t);
  assert.equal(await (await fetch(`${url}/healthz`)).text(), "OK");
  assert.equal((await fetch(`${url}/healthz`, { method: "HEAD" })).status, 405);
  assert.equal((await fetch(`${url}/healthz`, { method: "POST" })).status, 405);
  const root = await fetch(url, { redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [307, "/ui/"]);
  assert.equal((await system("GET", "telemetry")).status, 404);
  assert.equal((await system("GET", "nothing")).status, 404);
  assert.equal((await system("GET", "function/%zz")).status, 400);
  assert.equal((await system("PATCH", "functions", {})).status, 405);
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
  assert.equal((await fetch(`${url}/function`)).status, 404);
});
