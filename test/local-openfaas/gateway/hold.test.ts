/** Scale from zero: invocations wait for a replica, outside the timer, and are counted as cold starts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import { startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";

const label = 'function_name="echo.openfaas-fn"';

for (const { name, labels, want } of [
  { name: "one replica", labels: {}, want: 1 },
  { name: "its minimum", labels: { "com.openfaas.scale.min": "3" }, want: 3 },
  { name: "one replica for a minimum of zero", labels: { "com.openfaas.scale.min": "0" }, want: 1 },
]) {
  test(`hold: a call at zero scales to ${name} and is answered`, async (t) => {
    const { url, deploy, provider, metric } = await startTestGateway(t);
    await deploy("echo", { labels });
    provider.scale("echo", 0);
    const response = await fetch(`${url}/function/echo`);
    assert.deepEqual([response.status, await response.text()], [200, "ok"]);
    assert.deepEqual(provider.calls, ["deploy echo", "scale echo 0", `scale echo ${want}`]);
    assert.equal(await metric(`gateway_cold_starts_total{${label}}`), 1);
    assert.equal(await metric(`gateway_cold_start_seconds_count{${label}}`), 1);
    await (await fetch(`${url}/function/echo`)).text();
    assert.equal(await metric(`gateway_cold_starts_total{${label}}`), 1, "a warm call is none");
  });
}

test("hold: calls wait together, unseen by the timer, and one of them scales", async (t) => {
  const { url, deploy, provider, metric } = await startTestGateway(t, { held: true });
  await deploy("echo", { labels: { "com.openfaas.scale.min": "0" } });
  const calls = [1, 2, 3].map((n) => fetch(`${url}/function/echo`, { method: "POST", body: `body ${n}` }));
  await eventually(() => provider.calls.includes("scale echo 1"), { what: "the scale call" });
  assert.equal(await metric(`gateway_function_invocation_started{${label}}`), undefined);
  provider.release();
  for (const each of calls) assert.equal((await each).status, 200);
  assert.equal(provider.calls.filter((call) => call.startsWith("scale")).length, 1);
  assert.equal(await metric(`gateway_cold_starts_total{${label}}`), 3);
  assert.equal(await metric(`gateway_function_invocation_total{${label},code="200"}`), 3);
});

test("hold: a function that is wanted but not ready yet holds too, and is not scaled", async (t) => {
  const { url, deploy, provider } = await startTestGateway(t, { held: true });
  await deploy("echo", { labels: { "com.openfaas.scale.min": "2" } });
  const call = fetch(`${url}/function/echo`);
  const waiting = fetch(`${url}/function/echo`);
  provider.release();
  assert.equal((await call).status, 200);
  assert.equal((await waiting).status, 200);
  assert.deepEqual(provider.calls, ["deploy echo"]);
});

test("hold: what does not become ready in time is 503", async (t) => {
  const { url, deploy, metric } = await startTestGateway(t, { held: true, limits: { holdMs: 50 } });
  await deploy("echo");
  const response = await fetch(`${url}/function/echo`);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("x-openfaas-internal"), "proxy");
  assert.match(await response.text(), /^no replica of 'echo' became ready within 0\.\d s\n$/);
  assert.equal(await metric(`gateway_function_invocation_total{${label},code="503"}`), undefined);
});

test("hold: a function that is removed meanwhile is 404", async (t) => {
  const { url, deploy, provider } = await startTestGateway(t, { held: true });
  await deploy("echo");
  const call = fetch(`${url}/function/echo`);
  const raw = await rawConnection(url);
  raw.socket.write("GET /function/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await provider.remove("echo");
  assert.equal((await call).status, 404);
  await raw.until(/404 Not Found/);
  raw.socket.destroy();
});

test("hold: a client that leaves while waiting is not sent on", async (t) => {
  let invoked = 0;
  const { url, deploy, provider, metric } = await startTestGateway(t, {
    held: true,
    handlers: {
      echo: (_, response) => {
        invoked++;
        response.end();
      },
    },
  });
  await deploy("echo", { labels: { "com.openfaas.scale.min": "0" } });
  const raw = await rawConnection(url);
  raw.socket.write("GET /function/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await eventually(() => provider.calls.includes("scale echo 1"), { what: "the scale call" });
  raw.socket.destroy();
  // Answered after the gateway has seen that the first one left.
  await (await fetch(`${url}/healthz`)).text();
  const stays = fetch(`${url}/function/echo`);
  provider.release();
  assert.equal((await stays).status, 200);
  assert.equal(invoked, 1);
  assert.equal(await metric(`gateway_function_invocation_started{${label}}`), 1);
});
