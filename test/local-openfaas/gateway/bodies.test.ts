/** Bodies of control calls: wrong types are refused in one sentence that names the field, and nothing is half done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAlert, readDeployment, readScale, readSecret } from "#services/local-openfaas/gateway/control/bodies.ts";
import { Refusal } from "#services/local-openfaas/gateway/refusal.ts";
import { authorization, startTestGateway } from "#test/support/gateway.ts";

const good = { service: "echo", image: "example/echo:1" };

for (const { read, body, want } of [
  { read: readDeployment, body: null, want: "the body must be an object, was: null" },
  { read: readDeployment, body: [], want: "the body must be an object, was: a list of 0" },
  { read: readDeployment, body: undefined, want: "the body must be an object, was: missing" },
  { read: readDeployment, body: { image: "x" }, want: "service must be a string, was: missing" },
  { read: readDeployment, body: { ...good, image: "" }, want: "image must not be empty, was: ''" },
  {
    read: readDeployment,
    body: { ...good, service: "../etc" },
    want: "service must be at most 63 lower-case letters, digits and '-', and begin and end with a letter or digit, was: '../etc'",
  },
  {
    read: readDeployment,
    body: { ...good, labels: { "com.openfaas.scale.min": 1 } },
    want: 'labels["com.openfaas.scale.min"] must be a string, was: 1',
  },
  { read: readDeployment, body: { ...good, labels: { tier: true } }, want: "labels.tier must be a string, was: true" },
  {
    read: readDeployment,
    body: { ...good, image: { length: { toString: 1 } } },
    want: "the body holds what cannot be compared",
  },
  { read: readDeployment, body: { ...good, labels: "a=b" }, want: "labels must be an object, was: 'a=b'" },
  { read: readDeployment, body: { ...good, envVars: { a: null } }, want: "envVars.a must be a string, was: null" },
  { read: readDeployment, body: { ...good, annotations: [] }, want: "annotations must be an object, was: a list of 0" },
  { read: readDeployment, body: { ...good, secrets: "a" }, want: "secrets must be a list, was: 'a'" },
  { read: readDeployment, body: { ...good, secrets: ["a", 2] }, want: "secrets[1] must be a string, was: 2" },
  { read: readDeployment, body: { ...good, limits: { cpu: 0.5 } }, want: "limits.cpu must be a string, was: 0.5" },
  {
    read: readDeployment,
    body: { ...good, readOnlyRootFilesystem: "yes" },
    want: "readOnlyRootFilesystem must be true or false, was: 'yes'",
  },
  { read: readScale, body: {}, want: "replicas must be a whole number, was: missing" },
  { read: readScale, body: { replicas: "3" }, want: "replicas must be a whole number, was: '3'" },
  { read: readScale, body: { replicas: 1.5 }, want: "replicas must be a whole number, was: 1.5" },
  { read: readScale, body: { replicas: -1 }, want: "replicas must be at least 0, was: -1" },
  { read: readScale, body: { replicas: 1e300 }, want: "replicas must be at most 9007199254740991, was: 1e+300" },
  { read: readScale, body: { replicas: 1, serviceName: 7 }, want: "serviceName must be a string, was: 7" },
  {
    read: readSecret,
    body: { name: "../x", value: "v" },
    want: "name must be lower-case letters, digits, '-' and '.', and begin and end with a letter or digit, was: '../x'",
  },
  { read: readSecret, body: { name: "a", rawValue: "%%" }, want: "rawValue must be base64, was: '%%'" },
  { read: readAlert, body: { alerts: {} }, want: "alerts must be a list, was: an object" },
  {
    read: readAlert,
    body: { alerts: [{ status: "firing", labels: {} }] },
    want: "alerts[0].labels.function_name must be a string, was: missing",
  },
]) {
  test(`bodies: ${want}`, () => {
    assert.throws(
      () => read(body),
      (thrown) => {
        assert.ok(thrown instanceof Refusal);
        assert.equal(thrown.status, 400);
        assert.equal(thrown.message, want);
        return true;
      },
    );
  });
}

test("bodies: null is absent and unknown keys are ignored, as in Go", () => {
  assert.deepEqual(readDeployment({ ...good, labels: null, limits: { cpu: null, memory: "1Mi" }, network: "x" }), {
    ...good,
    limits: { cpu: undefined, memory: "1Mi" },
  });
});

test("bodies: a deployment of wrong types changes nothing", async (t) => {
  const { system, provider } = await startTestGateway(t);
  const response = await system("POST", "functions", { ...good, labels: { a: 1 } });
  assert.equal(response.status, 400);
  assert.equal(await response.text(), "labels.a must be a string, was: 1\n");
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.deepEqual(provider.calls, []);
});

test("bodies: what is no JSON is 400, without a content type it is read all the same", async (t) => {
  const { system, provider } = await startTestGateway(t);
  const broken = await system("POST", "functions", "{");
  assert.deepEqual([broken.status, await broken.text()], [400, "the body must be JSON\n"]);
  assert.equal((await system("POST", "functions", "")).status, 400);
  const odd = await system("POST", "functions", good, { "Content-Type": "application/x-whatever" });
  assert.equal(odd.status, 202);
  assert.deepEqual(provider.calls, ["deploy echo"]);
});

test("bodies: chunked bodies are read, and 1 MB is the most", async (t) => {
  const { url, system, provider } = await startTestGateway(t);
  async function* parts() {
    const json = JSON.stringify(good);
    yield Buffer.from(json.slice(0, 10));
    yield Buffer.from(json.slice(10));
  }
  const chunked = await fetch(`${url}/system/functions`, {
    method: "POST",
    headers: { Authorization: authorization },
    body: parts(),
    duplex: "half",
  });
  assert.equal(chunked.status, 202);
  const large = await system("PUT", "functions", { ...good, envVars: { a: "x".repeat(1024 * 1024) } });
  assert.deepEqual([large.status, await large.text()], [413, "the body must be at most 1048576 bytes\n"]);
  assert.deepEqual(provider.calls, ["deploy echo"]);
});
