/** Asynchronous calls: queued, bounded, run like any call, and their results posted to the callback. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import { startTestGateway } from "#test/support/gateway.ts";

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody who is called back; answers with `status`. */
async function receiver(
  t: TestContext,
  status = 200,
): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

test("async: a call is accepted at once, run with its path and body, and its result posted", async (t) => {
  const callback = await receiver(t);
  const gateway = await startTestGateway(t, {
    callbackHosts: ["127.0.0.1"],
    handlers: {
      work: (request, response) => {
        let body = "";
        request.on("data", (chunk) => (body += String(chunk)));
        request.on("end", () => {
          response.writeHead(201, { "Content-Type": "text/x-result", "X-Mine": String(request.headers["x-mine"]) });
          response.end(`${request.method} ${request.url} ${String(request.headers["x-call-id"])} ${body}`);
        });
      },
    },
  });
  await gateway.deploy("work");
  const response = await fetch(`${gateway.url}/async-function/work.openfaas-fn/a?b=c`, {
    method: "POST",
    body: "later",
    headers: { "X-Callback-Url": `${callback.url}/done?x=y`, "X-Mine": "1" },
  });
  assert.equal(response.status, 202);
  const callId = response.headers.get("x-call-id")!;
  assert.match(callId, /^[0-9a-f-]{36}$/);
  assert.equal(await response.text(), "");
  const result = (await eventually(() => callback.received[0], { what: "the callback" }))!;
  assert.deepEqual([result.method, result.url], ["POST", "/done?x=y"]);
  assert.equal(result.body, `POST /a?b=c ${callId} later`);
  assert.equal(result.headers["x-call-id"], callId);
  assert.equal(result.headers["x-function-status"], "201");
  assert.equal(result.headers["x-function-name"], "work.openfaas-fn");
  assert.match(String(result.headers["x-duration-seconds"]), /^\d+\.\d{6}$/);
  assert.equal(result.headers["content-type"], "text/x-result");
  assert.equal(result.headers["x-mine"], "1");
  const label = 'function_name="work.openfaas-fn"';
  assert.equal(await gateway.metric(`gateway_function_invocation_total{${label},code="201"}`), 1);
});

test("async: a call id of the caller's is kept, and a failing function reported as it failed", async (t) => {
  const callback = await receiver(t);
  const gateway = await startTestGateway(t, {
    callbackHosts: ["127.0.0.1"],
    handlers: { fails: (_, response) => void response.writeHead(500).end("no") },
  });
  await gateway.deploy("fails");
  const headers = { "X-Callback-Url": callback.url, "X-Call-Id": "mine" };
  const response = await fetch(`${gateway.url}/async-function/fails`, { method: "POST", headers });
  assert.equal(response.headers.get("x-call-id"), "mine");
  const result = (await eventually(() => callback.received[0], { what: "the callback" }))!;
  assert.deepEqual(
    [result.headers["x-call-id"], result.headers["x-function-status"], result.body],
    ["mine", "500", "no"],
  );
});

test("async: a function at zero is scaled up for it; one that does not exist is reported 404", async (t) => {
  const callback = await receiver(t);
  const gateway = await startTestGateway(t, { callbackHosts: ["127.0.0.1"] });
  await gateway.deploy("cold");
  gateway.provider.scale("cold", 0);
  const headers = { "X-Callback-Url": callback.url };
  await fetch(`${gateway.url}/async-function/cold`, { method: "POST", headers });
  await fetch(`${gateway.url}/async-function/nobody`, { method: "POST", headers });
  await eventually(() => callback.received.length === 2, { what: "both callbacks" });
  const byName = callback.received.map(({ headers }) => [headers["x-function-name"], headers["x-function-status"]]);
  assert.deepEqual(byName.sort(), [
    ["cold.openfaas-fn", "200"],
    ["nobody.openfaas-fn", "404"],
  ]);
});

for (const url of ["ftp://example.org/", "file:///etc/passwd", "not a url", "javascript:alert(1)"]) {
  test(`async: the callback '${url}' is 400`, async (t) => {
    const gateway = await startTestGateway(t);
    const response = await fetch(`${gateway.url}/async-function/x`, {
      method: "POST",
      headers: { "X-Callback-Url": url },
    });
    assert.equal(response.status, 400);
    assert.equal(await response.text(), `X-Callback-Url must be an http or https URL, was: '${url}'\n`);
  });
}

test("async: only POST queues, and only for our namespace", async (t) => {
  const { url } = await startTestGateway(t);
  assert.equal((await fetch(`${url}/async-function/x`)).status, 405);
  assert.equal((await fetch(`${url}/async-function/x.staging`, { method: "POST" })).status, 400);
});

/** A gateway whose one worker is busy with a call that ends on request. */
async function busyGateway(t: TestContext, limits: object) {
  const waiting: (() => void)[] = [];
  let most = 0;
  const gateway = await startTestGateway(t, {
    limits,
    handlers: {
      slow: (_, response) => {
        waiting.push(() => response.end());
        most = Math.max(most, gateway.provider.get("slow")!.replicas[0]!.inFlight);
      },
    },
  });
  await gateway.deploy("slow");
  const queue = (body = "") => fetch(`${gateway.url}/async-function/slow`, { method: "POST", body });
  assert.equal((await queue()).status, 202);
  await eventually(() => waiting.length === 1, { what: "the running call" });
  return { gateway, waiting, queue, most: () => most };
}

test("async: no more calls run at once than there are workers", async (t) => {
  const { waiting, queue, most } = await busyGateway(t, { asyncWorkers: 2 });
  for (let i = 0; i < 4; i++) assert.equal((await queue()).status, 202);
  for (let ended = 0; ended < 5; ended++) (await eventually(() => waiting.shift(), { what: `call ${ended}` }))!();
  assert.equal(most(), 2);
});

test("async: a queue that is full by count answers 429 until a call ends", async (t) => {
  const { waiting, queue } = await busyGateway(t, { asyncWorkers: 1, asyncMaxCalls: 2 });
  assert.equal((await queue()).status, 202);
  const full = await queue();
  assert.equal(full.status, 429);
  assert.equal(await full.text(), "the queue of asynchronous calls is full, try again later\n");
  waiting.shift()!();
  await eventually(async () => (await queue()).status === 202, { what: "room in the queue" });
});

test("async: a queue that is full by bytes answers 429, and what was refused takes no room", async (t) => {
  const { queue } = await busyGateway(t, { asyncWorkers: 1, asyncMaxBytes: 100_000 });
  assert.equal((await queue("x".repeat(60_000))).status, 202);
  for (let i = 0; i < 3; i++) assert.equal((await queue("x".repeat(60_000))).status, 429);
  assert.equal((await queue("x".repeat(20_000))).status, 202);
});

test("async: a body above the limit is 413, by its length or by what comes", async (t) => {
  const { gateway, queue } = await busyGateway(t, { asyncMaxBodyBytes: 1_000 });
  assert.equal((await queue("x".repeat(1_000))).status, 202);
  assert.equal((await queue("x".repeat(1_001))).status, 413);
  async function* parts() {
    for (let i = 0; i < 3; i++) yield Buffer.alloc(500);
  }
  const chunked = await fetch(`${gateway.url}/async-function/slow`, { method: "POST", body: parts(), duplex: "half" });
  assert.equal(chunked.status, 413);
});

test("async: a callback that fails is logged and the queue goes on", async (t) => {
  const callback = await receiver(t, 500);
  const gateway = await startTestGateway(t, { callbackHosts: ["127.0.0.1"] });
  await gateway.deploy("work");
  for (const url of [callback.url, "http://127.0.0.1:1/"]) {
    await fetch(`${gateway.url}/async-function/work`, { method: "POST", headers: { "X-Callback-Url": url } });
  }
  await eventually(() => gateway.logged.length === 2, { what: "two lines" });
  assert.ok(
    gateway.logged.some((line) => line.includes(`${callback.url}/ answered 500`)),
    gateway.logged.join("\n"),
  );
  assert.ok(
    gateway.logged.some((line) => line.includes("ECONNREFUSED")),
    gateway.logged.join("\n"),
  );
});
